"""From what Java says of an option that it refuses to the file that holds it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from . import untrusted_paths

# Java's words, and where the option stands in them; where it does not, what is looked for.
REFUSALS = (
    (r"Unrecognized VM option '(?P<option>[^']+)'", ""),
    (r"Unrecognized option: (?P<option>\S+)", ""),
    (r"(?:Improperly specified|Unexpected \+/- setting in|Missing \+/- setting for) VM option '(?P<option>[^']+)'", ""),
    (r"VM option '(?P<option>[^']+)' is (?:experimental|diagnostic|develop)", ""),
    (r"Invalid (?:maximum|initial) heap size: (?P<option>\S+)", ""),
    (r"Invalid thread stack size: (?P<option>\S+)", ""),
    (r"Invalid -Xlog option '(?P<option>[^']+)'", ""),
    (r"Error opening zip file or JAR manifest missing : (?P<option>\S+)", ""),
    (r"Could not find agent library (?P<option>\S+)", ""),
    (
        r"Initial heap size set to a larger value than the maximum heap size|Too small (?:initial|maximum) heap",
        "-Xm[sx]",
    ),
    (r"Could not reserve enough space for \S+ object heap", "-Xm[sx]"),
    (r"The Java thread stack size specified is too small", "-Xss"),
    (r"Conflicting collector combinations|Multiple garbage collectors selected", r"-XX:\+Use\w*GC\b"),
)


def find_places(output: str, texts: Mapping[str, str]) -> list[tuple[str, str, int, str]]:
    """The lines that hold an option that Java refuses: [(option, file, line, its text)]; `texts` are {file: text}."""
    found: list[tuple[str, str, int, str]] = []
    for pattern, option in REFUSALS:
        for match in re.finditer(pattern, output):
            named = match.groupdict().get("option", "")
            wanted = re.escape(named) if named else option
            found += [
                (named, name, number, line.strip())
                for name, text in texts.items()
                for number, line in enumerate(text.splitlines(), 1)
                if re.search(rf"{wanted}(?![\w-])" if named else wanted, line) and not line.lstrip().startswith("#")
            ]
    return list(dict.fromkeys(found))


def explain(output: str, files: Iterable[str | Path]) -> list[str]:
    """Which line of the files to correct, each once; files that cannot be read do not count."""
    texts = {}
    for name in files:
        try:
            texts[str(name)] = untrusted_paths.read_file(str(name)).decode("utf-8", "replace")
        except OSError:
            continue
    return [
        f"Java refuses {option or 'an option'} in line {number} of {name}. Correct it there, or in the variable that "
        "it comes from."
        for option, name, number, _line in find_places(output, texts)
    ]
