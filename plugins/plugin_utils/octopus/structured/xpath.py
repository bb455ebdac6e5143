"""Names of variables as XPath: what lxml needs otherwise than the reference, and what is refused.

The reference evaluates XPath 2.0, lxml 1.0. Of what only 2.0 has, ``*:name`` (any namespace) is translated.
"""

from __future__ import annotations

import re

# Names are written by those who write the variables, but none may keep the controller busy for ever.
LONGEST = 1000
MOST_VISITS = 100_000_000

_LITERAL_OR_WILDCARD = re.compile(r"(\"[^\"]*+\"|'[^']*+')|\*:([\w.-]+)")
_LITERAL = re.compile(r"\"[^\"]*+\"|'[^']*+'")
_COMPARED_WITH_CONSTANT = re.compile(r"!?=\s*+(?:''|[0-9][0-9.]*+)")
_COMPARISON = re.compile(r"[<>]=?|=")
# Each of these may visit the whole document again for every node that it is applied to.
_SCAN = re.compile(
    r"//|\.\.|[|]|\b(?:descendant|ancestor|following|preceding|parent)\b|[\[(,]\s*+/(?!/)|\b(?:and|or)\s++/(?!/)"
)


class UnusableXPathError(Exception):
    """An XPath is refused; the message says why."""


def xpaths(names: list[str]) -> list[str]:
    """Those of the names that are tried as XPath."""
    return [name for name in names if "/" in name or ":" in name]


def is_meant(name: str) -> bool:
    """Whether a name can only be meant as an XPath. Others, such as ``Logging:Level``, are paths of JSON and YAML."""
    return name.startswith("/") or "*:" in name


def for_lxml(name: str) -> str:
    """The XPath as lxml reads it; a relative one starts at the document."""
    path = _LITERAL_OR_WILDCARD.sub(lambda match: match.group(1) or f"*[local-name()='{match.group(2)}']", name)
    return path if path.lstrip().startswith(("/", "(")) else f"/{path}"


def refuse_costly(name: str, nodes: int) -> None:
    """
    :raises UnusableXPathError: the name would take too long for a document of that many nodes.
    """
    if len(name) > LONGEST:
        raise UnusableXPathError(f"it has more than {LONGEST} characters")
    path = _COMPARED_WITH_CONSTANT.sub("", _LITERAL.sub("''", name))
    scans = len(_SCAN.findall(path)) + 2 * len(_COMPARISON.findall(path))  # each of its sides may be all nodes
    if max(nodes, 2) ** scans > MOST_VISITS:
        raise UnusableXPathError(
            f"it would take too long in a file of {nodes} nodes; write the path from the root, with fewer //, .. and "
            "comparisons of nodes"
        )
