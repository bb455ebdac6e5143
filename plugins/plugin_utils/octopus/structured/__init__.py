"""Structured configuration: values in JSON, YAML, XML and properties files, replaced by variables named after them.

A variable ``Logging:Level`` replaces the value of ``Level`` in ``Logging`` of a JSON or YAML file, ``/a/@b`` an
attribute of an XML file, ``logging.level`` the value of that key of a properties file. Nothing is ever added to a file,
and nothing in it changes but the values that are replaced.

Modules: ``edits`` (what is to change in a text, and the outcome); ``paths`` and ``xpath`` (names of variables); a
module for each format; ``yaml_text`` and ``xml_encoding`` beside them. Plain Python: text and variables in, a frozen
result out. YAML needs PyYAML, XML needs lxml.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import PurePath

from ..errors import BudgetExceeded
from ..language.variables import VariableSet
from .edits import Edits, Outcome, Replaced
from .errors import NotParsed, StructuredFileError
from .json_file import replace_in_json
from .properties_file import ESCAPES, replace_in_properties
from .xml_file import replace_in_xml
from .yaml_file import replace_in_yaml

__all__ = ["ESCAPES", "FORMATS", "Outcome", "Replaced", "StructuredFileError", "replace"]

# In the order in which they are tried.
FORMATS: dict[str, Callable[[Edits], None]] = {
    "json": replace_in_json,
    "xml": replace_in_xml,
    "yaml": replace_in_yaml,
    "properties": replace_in_properties,
}
_SHOWN = {"json": "JSON", "xml": "XML", "yaml": "YAML", "properties": "properties file"}
_BY_EXTENSION = {
    ".json": ("json",),
    ".xml": ("json", "xml"),
    ".yml": ("json", "yaml"),
    ".yaml": ("json", "yaml"),
    ".properties": ("json", "properties"),
}


def replace(
    text: str,
    variables: Mapping[str, object] | Iterable[tuple[str, object]],
    *,
    name: str,
    format: str | None = None,  # noqa: A002 - it is what everybody calls it
    properties_escape: str = "java",
) -> Outcome:
    """Replace the values in ``text``, the content of the file ``name``, that ``variables`` are named after.

    ``format`` is one of :data:`FORMATS`; without it JSON is tried first, then what the name's extension says. The first
    format that ``text`` parses in is taken. A variable is only evaluated if the file has a place for it.
    ``properties_escape`` is one of :data:`ESCAPES`, what is escaped in the values of a properties file.

    :raises StructuredFileError: the text parses in no format.
    """
    if not isinstance(variables, VariableSet):
        variables = VariableSet(variables)
    candidates = (format,) if format else _BY_EXTENSION.get(PurePath(name).suffix.lower(), tuple(FORMATS))
    formats = FORMATS | {"properties": partial(replace_in_properties, escape=properties_escape)}
    for candidate in candidates:
        edits = Edits(text, name, variables)
        try:
            formats[candidate](edits)
        except NotParsed as wrong:
            line, column = edits.place(wrong.at)
            message = f"{name}:{line}:{column}: not valid {_SHOWN[candidate]}: {wrong.reason}"
        except BudgetExceeded as exceeded:
            raise StructuredFileError(
                f"{name}:1:1: what goes into the file needs {exceeded}: shorten the values, or use them at fewer places"
            ) from None
        else:
            return edits.outcome(candidate)
    raise StructuredFileError(message)
