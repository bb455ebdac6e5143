"""Hides what is secret by its name or its form, in texts that other programs wrote.

A setting is known by its name, whatever its value: ``password => "…"``, ``"token":"…"``, ``-Dx.password=…``. So are
credentials in URLs and headers, connection strings and private keys. What says nothing stays: ``nil``, ``<password>``,
``${ES_PWD}``, an empty text. The time that it takes grows with the length of the text alone, whatever is in it.

For texts of the project itself there is :func:`hide_forms`: in a message such as ``Db.Password: variable … is not
defined`` nothing is a value.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

from . import MASK

# What a setting is called that holds a secret. In front there may be anything (`db_password`, `SharedAccessKey`).
# A `token` is no tokenizer; `pass` and `pwd` are words and a variable of the shell when they stand alone.
NAME = (
    r"(?i:passw(?:or)?d|pass[_-]?phrase|secret(?!ar|smanager)|credential"
    r"|(?<!unexpected )token(?=s?(?![a-z]))|api[_-]?key|cloud[_.-]?auth"
    r"|access[_-]?key(?![_-]?(?:id|name))|access[_-]?signature|account[_-]?key"
    r"|(?:shared|encryption|signing|service|consumer)[_-]?key|authorization"
    r"|(?<=[_.;&?-])(?:pass|pwd|sig|signature)(?![a-z])|(?<![a-z])community(?![a-z]))"
)
# The rest of the name, and what closes it; then what stands between a name and its value.
_SETTING = re.compile(
    NAME
    + r"(?P<rest>[\w.-]{0,64})(?P<close>[\]\"'\\]{0,9})"
    + r"(?P<sign>[ \t]{0,20}(?:=>\s{0,40}|==?[ \t]{0,20}|:(?!:)[ \t]{0,20})|)"
)
_SECRET_NAME = re.compile(NAME + r"(?:s|[_-]?key|[_-]?value)?$")
# `…SecretStoreException: …` is what went wrong, and no setting.
_NO_SETTING = re.compile(r"(?:exception|error)$", re.IGNORECASE)
# Values that say nothing; a reference to the keystore or to the environment says where the value is.
_NOTHING = re.compile(
    r"(?:nil|null|none|~|true|false|undefined|<\w+>?|\[(?:hidden|redacted)\]?|\*+|\$\{[\w.]+\}?|)", re.IGNORECASE
)
# The quote that opens a value, with the backslashes in front of it, and with what Python writes there.
_QUOTE = re.compile(r"[bu]?(\\{0,7})([\"'])")
_UNQUOTED = re.compile(r'[^\s"]*')
_IN_QUERY = re.compile(r"[^\s\"'&#]*")
_IN_STRING = re.compile(r"\{[^}\n]*\}?|[^\s\"';]*")
_LINE = re.compile(r"[^\n]*")
_HEADER = re.compile(r"[^\n\"']*")
_BLOCK = re.compile(r"[|>][-+\d]{0,3}[ \t]{0,20}(?=\r?\n)")
_BLOCK_LINE = re.compile(r"\r?\n(?P<indent> *)(?P<text>[^\r\n]*)")
_LIST = re.compile(r"[^\]\n]*\]?")
# What may stand behind a value that is not quoted, and is no part of it.
_AFTER = ",;)}]>'"
LOOK_BACK = 80

_URL = re.compile(r"(:\\{0,3}/\\{0,3}/)([^/\s\"'<>?#\\]*)@")
# A password that should have been percent-encoded. Behind the name of a host there are the digits of a port.
_BAD_URL = re.compile(
    r"(:\\{0,3}/\\{0,3}/[^/\s\"'<>?#\\:@\[\]]*:)(?!\d*[/?#])([^\s\"'<>@/?#]{0,256}[/?#][^\s\"'<>]{0,256})@"
)
# An element of XML, whose name may have a prefix.
_ELEMENT = re.compile(rf"(<(?:\w{{1,40}}:)?\w{{0,40}}(?:{NAME})\w{{0,40}}>)([^<>]{{1,4096}})(?=</)")
# A user alone is nobody's secret, unless it is a token: always at a web server, elsewhere when it is that long.
LEAST_TOKEN = 16
_WEB = re.compile(r"(?i)https?\Z")
# A parameter of a query up to its value, with signs as they are, percent-encoded (also twice), or as in HTML and JSON.
_PARAMETER = re.compile(
    r"(?P<before>\?|&(?:amp;)?|%(?:25)*(?:3[Ff]|26)|\\u0026)"
    r"(?P<name>(?:[\w.~$\[\]-]|%(?:25)*(?!25)[0-9A-Fa-f]{2}(?<!3[Dd])(?<!26)){1,80}?)"
    r"(?P<sign>=|%(?:25)*3[Dd]|\\u003[dD])"
)
# A parameter's value; within a query that is encoded itself, up to the next encoded sign.
_OF_PARAMETER = re.compile(r"[^\s\"'<>&#;\\`|)\]}]*")
_OF_ENCODED = re.compile(r"(?:[^\s\"'<>&#;\\`|)\]}%]+|%(?!(?:25)*(?:26|23)))*")
# Beside what is_secret_name knows.
_SIGNED = re.compile(r"(?i)(?:sig|signature|jwt|auth|sas|hmac)\Z")
_ORACLE = re.compile(r"(?i)(:(?:thin|oci8?):[\w$#]{1,64}/)[^@\s\"']{1,256}(?=@)")
_SCHEME = re.compile(r"\b(?i:(bearer|basic|apikey|negotiate))([ \t]{1,8})([\w.~+/=-]{4,})")
_NO_TOKEN = re.compile(
    r"(?:auth\w*|access|tokens?|credentials?|realm(?:=.*)?|schemes?|headers?|settings?|licen[cs]e|is|was|and|or|for|with|in|not)",
    re.IGNORECASE,
)
_KEY = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY[^-]{0,8}-----")
_KEY_END = "-----END "


def is_secret_name(name: str) -> bool:
    """Whether a variable or setting of that name holds a secret: the word for one is the end of its name."""
    return bool(_SECRET_NAME.search(name))


def says_nothing(value: str) -> bool:
    """Whether a value is none that could be secret: empty, a word such as null, or a reference to where it is."""
    return bool(_NOTHING.fullmatch(value.strip("\"' ")))


def hide(text: str) -> str:
    """A text of another program without what is secret in it."""
    return hide_forms(_hide_settings(_hide_parameters(_ELEMENT.sub(_without_content, text))))


def hide_forms(text: str) -> str:
    """A text without what shows by its form that it is secret: credentials in URLs and headers, private keys."""
    text = _hide_keys(text)
    text = _BAD_URL.sub(rf"\1{MASK}@", text)
    text = _URL.sub(_without_user, text)
    text = _hide_parameters(text)
    text = _ORACLE.sub(rf"\1{MASK}", text)
    return _SCHEME.sub(_without_token, text)


def _without_content(found: re.Match[str]) -> str:
    return found[0] if _NOTHING.fullmatch(found[2].strip()) else f"{found[1]}{MASK}"


def _without_user(found: re.Match[str]) -> str:
    start, both = found.groups()
    user, _colon, password = both.partition(":")
    if password:
        # Some servers take a token for the user, and anything for the password.
        return f"{start}{MASK if len(user) >= LEAST_TOKEN else user}:{MASK}@"
    is_token = user and _WEB.search(found.string, max(0, found.start() - len("https")), found.start())
    return f"{start}{MASK}@" if is_token or "%3a" in user.lower() or len(user) >= LEAST_TOKEN else found[0]


def _hide_parameters(text: str) -> str:
    """Hides signatures, tokens and the like in the queries of URLs, also of a URL in another one's query."""
    parts, position, done = [], 0, 0
    while found := _PARAMETER.search(text, position):
        position = start = found.end()
        if not _is_secret_parameter(found["name"]):
            continue
        is_encoded = "%" in found["before"] or "%" in found["sign"]
        stop = _end(_OF_ENCODED if is_encoded else _OF_PARAMETER, text, start)
        if not _NOTHING.fullmatch(text[start:stop]):
            parts += [text[done:start], MASK]
            position = done = stop
    return "".join([*parts, text[done:]])


def _is_secret_parameter(name: str) -> bool:
    for _time in range(3):
        name = unquote(name)
    return bool(_SIGNED.match(name)) or is_secret_name(f"&{name}")


def _without_token(found: re.Match[str]) -> str:
    scheme, gap, value = found.groups()
    if scheme.lower() == "basic" and not _is_credentials(value):
        return found[0]
    if _NO_TOKEN.fullmatch(value) or not value.strip("*."):
        return found[0]
    return f"{scheme}{gap}{MASK}"


def _is_credentials(value: str) -> bool:
    """Whether a text is Base64 of user:password."""
    try:
        return b":" in base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return False


def _hide_keys(text: str) -> str:
    parts, position = [], 0
    while found := _KEY.search(text, position):
        end = text.find(_KEY_END, found.end())
        # A key that is cut off: everything behind its begin may be a part of it.
        stop = len(text) if end < 0 else _line_end(text, end)
        parts += [text[position : found.start()], MASK]
        position = stop
    return "".join([*parts, text[position:]])


def _line_end(text: str, start: int) -> int:
    end = re.compile(r"-----END [A-Z0-9 ]{0,40}-----").match(text, start)
    return end.end() if end else len(text)


def _hide_settings(text: str) -> str:
    parts, position, done = [], 0, 0
    while found := _SETTING.search(text, position):
        position = found.end()
        start, stop = _value(text, found)
        if start < stop and not _NOTHING.fullmatch(text[start:stop].strip("\\\"' ,")):
            parts += [text[done:start], MASK]
            position = done = stop
        else:
            # The value may be a setting itself, so it is looked at as well.
            position = max(found.start() + 1, found.end() if not found["sign"] else start)
    return "".join([*parts, text[done:]])


def _value(text: str, found: re.Match[str]) -> tuple[int, int]:
    """Where the value of a setting starts and ends, without its quotes; nothing where there is no value."""
    start = found.end()
    before = _prefix(text, found.start())
    if not found["sign"]:
        # As an option of a command: --password VALUE
        option = re.compile(r"[ \t]+(?=[^\s-])").match(text, start) if before.startswith("--") else None
        if not option or found["close"]:
            return start, start
        start = option.end()
    # Nor is a part of an ARN, nor a pattern of grok.
    is_part = found["sign"] == ":" and (
        _lead(text, found, before) == ":" or text.endswith("%{", 0, found.start() - len(before))
    )
    if is_part or _NO_SETTING.search(found["rest"]):
        return start, start
    if quoted := _QUOTE.match(text, start):
        return quoted.end(), _closing(text, quoted.end(), len(quoted[1]), quoted[2])
    if text.startswith("[", start):
        return start, _end(_LIST, text, start)
    if text.startswith("{", start) and _lead(text, found, before) != ";":
        # The names in it decide.
        return start, start
    return start, _unquoted(text, start, found, before)


def _unquoted(text: str, start: int, found: re.Match[str], before: str) -> int:
    lead = _lead(text, found, before)
    if "authorization" in found[0].lower():
        return _end(_HEADER, text, start)
    if lead in ("&", "?") or text.endswith("&amp;", 0, found.start() - len(before)):
        return _end(_IN_QUERY, text, start)
    if lead == ";" or re.match(r"(?i)(?:account|access)[_-]?key|access[_-]?signature", found[0]):
        return _end(_IN_STRING, text, start)
    line = text.rfind("\n", max(0, found.start() - LOOK_BACK), found.start()) + 1
    at_start = (line or found.start() <= LOOK_BACK) and not text[line : found.start() - len(before)].strip(" \t-\"'")
    if at_start and found["sign"].strip() == ":":
        # YAML: the value is the rest of the line, blanks and all, or the lines below that are further in.
        if block := _BLOCK.match(text, start):
            head = text[line : found.start()]
            indent = len(head) - len(head.lstrip(" \t-"))
            return _block_end(text, block.end(), indent)
        return start + len(text[start : _end(_LINE, text, start)].partition(" #")[0].rstrip())
    end = _end(_UNQUOTED, text, start)
    return start + len(text[start:end].rstrip(_AFTER))


def _block_end(text: str, start: int, indent: int) -> int:
    """Where the lines end that are further in than ``indent``."""
    end = start
    while line := _BLOCK_LINE.match(text, end):
        if line["text"] and len(line["indent"]) <= indent:
            break
        end = line.end()
    return start + len(text[start:end].rstrip())


def _end(value: re.Pattern[str], text: str, start: int) -> int:
    found = value.match(text, start)
    return found.end() if found else start


def _lead(text: str, found: re.Match[str], before: str) -> str:
    """The character in front of a name."""
    start = found.start() - len(before)
    return text[start - 1 : start] if start else ""


def _prefix(text: str, position: int) -> str:
    """The part of a name in front of the word that says what it is."""
    found = re.search(r"[\w.-]*$", text[max(0, position - LOOK_BACK) : position])
    return found[0] if found else ""


def _closing(text: str, start: int, level: int, quote: str) -> int:
    """Where a quoted text ends. ``level`` backslashes stand in front of its quotes: 1 for a text in a text, then 3."""
    position = start
    while run := re.compile(rf"[{quote}\n]").search(text, position):
        if run[0] == "\n":
            # Not closed on its line: cut off.
            return run.start()
        before = text[position : run.start()]
        count = len(before) - len(before.rstrip("\\"))
        position = run.end()
        if quote == "'" and level == count == 0 and text.startswith("'", position):
            # YAML writes a quote twice.
            position += 1
        elif count % (2 * (level + 1)) == level or count < level:
            # With fewer backslashes it ends the text around.
            return run.start() - min(count, level)
    return len(text)
