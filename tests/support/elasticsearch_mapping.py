"""A stand-in for what Elasticsearch does with a document: whether the types of a mapping take its values.

It knows the types that templates/elasticsearch uses, with their defaults, and is stricter in one thing: a number has to
be a number, though Elasticsearch would take its digits. Elasticsearch itself is not among what the tests can install.
"""

import ipaddress
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime

_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]{1,9})?Z")
_LONGEST_TERM = 32766
"""In bytes of UTF-8. A document with a longer one is refused, unless `ignore_above` leaves it out of the index."""


def refusals(document: Mapping[str, object], mapping: Mapping[str, object], path: str = "") -> Iterator[str]:
    """Why a document is refused, or not indexed as a whole: fields that the mapping doesn't know count as well."""
    known = mapping["properties"]
    assert isinstance(known, Mapping)
    for name, value in document.items():
        where = f"{path}{name}"
        field = known.get(name)
        if field is None:
            yield f"{where}: not in the mapping"
        elif "properties" in field:
            if isinstance(value, Mapping):
                yield from refusals(value, field, f"{where}.")
            else:
                yield f"{where}: {value!r} is no object"
        else:
            for one in value if isinstance(value, list) else [value]:
                if one is not None and not _takes(field, one):
                    yield f"{where}: {one!r} is no {field['type']}"


def _takes(field: Mapping[str, object], value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    limit = field.get("ignore_above", math.inf)
    takes = {
        "long": lambda: isinstance(value, int) and is_number and -(2**63) <= value < 2**63,
        "double": lambda: is_number and math.isfinite(value),
        "float": lambda: is_number and abs(value) < 3.4e38,
        "date": lambda: isinstance(value, str) and _is_date(value),
        "ip": lambda: isinstance(value, str) and _is_address(value),
        "keyword": lambda: (
            is_number or (isinstance(value, str) and (len(value) > limit or len(value.encode()) <= _LONGEST_TERM))
        ),
        "wildcard": lambda: isinstance(value, str),
        "match_only_text": lambda: isinstance(value, str),
    }
    return takes[str(field["type"])]()  # of another type it is not known here


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    try:
        return found is not None and bool(datetime.fromisoformat(found[1]))
    except ValueError:
        return False


def _is_address(text: str) -> bool:
    try:
        return "%" not in text and bool(ipaddress.ip_address(text))
    except ValueError:
        return False


def leaves(mapping: Mapping[str, object], path: str = "") -> dict[str, str]:
    """Field with its dots -> type."""
    found: dict[str, str] = {}
    properties = mapping["properties"]
    assert isinstance(properties, Mapping)
    for name, field in properties.items():
        if "properties" in field:
            found |= leaves(field, f"{path}{name}.")
        else:
            found[f"{path}{name}"] = field["type"]
    return found
