"""Parser of .NET's regular expression syntax: a pattern to a tree.

Grammar (option x allows blanks and ``#`` comments between items)::

    alternation := sequence ( "|" sequence )*
    sequence    := ( item [ quantifier ] | "(?" options ")" | "(?#" comment ")" )*
    item        := "(" [ kind ] alternation ")" | "[" class "]" | "\\" escape | "." | "^" | "$" | character
    kind        := "?:" | "?=" | "?!" | "?<=" | "?<!" | "?>" | "?<" name ">" | "?'" name "'" | "?" options ":"
    options     := ( "i" | "m" | "n" | "s" | "x" | "+" | "-" )+
    quantifier  := ( "*" | "+" | "?" | "{" n "}" | "{" n "," [ n ] "}" ) [ "?" ]
    class       := [ "^" ] ( member [ "-" member ] )+ [ "-[" class "]" ]

A pattern is read twice. Names and numbers of its groups must be known before ``\\12`` can be told from an octal
escape, and a reference may stand in front of its group; so the first reading only collects the groups.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ....errors import FilterError
from . import characters
from .tree import (
    Alternation,
    Assertion,
    Atomic,
    Backreference,
    Capture,
    Character,
    Look,
    Node,
    Pattern,
    Repeat,
    Sequence,
    Test,
)

# Groups and classes within each other, so that no pattern can exhaust the stack.
MAX_DEPTH = 50

_BLANK = re.compile(r"[ \t\n\f\r]+")
_QUANTIFIER = re.compile(r"[*+?]|\{([0-9]+)(?:(,)([0-9]*))?\}")
_INVERTED = "a quantifier {n,m} where n is larger than m"
_OPTIONS = re.compile(r"\?([imnsx+-]+)([:)])", re.IGNORECASE)
_NAME = re.compile(r"[\w\u200c\u200d]+")
_DIGITS = re.compile(r"[0-9]+")
_OCTAL = re.compile(r"[0-7]{1,3}")
_PROPERTY = re.compile(r"\{([\w-]+)\}")
_HEXADECIMAL = {"x": re.compile(r"[0-9A-Fa-f]{2}"), "u": re.compile(r"[0-9A-Fa-f]{4}")}
_CONTROLS = {"a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CLASSES: dict[str, Test] = {"d": characters.is_digit, "s": characters.is_space, "w": characters.is_word}
# It is left out of every sequence and repetition: so each part of a tree is work that the compiler can count.
_EMPTY = Sequence(())
_KINDS: dict[str, Callable[[Node], Node]] = {
    "?:": lambda item: item,
    "?=": lambda item: Look(item, behind=False, negated=False),
    "?!": lambda item: Look(item, behind=False, negated=True),
    "?<=": lambda item: Look(item, behind=True, negated=False),
    "?<!": lambda item: Look(item, behind=True, negated=True),
    "?>": Atomic,
}


def parse(pattern: str) -> Pattern:
    """The tree of ``pattern``.

    :raises FilterError: with the position and the reason; the pattern itself, which may be secret, is not quoted.
    """
    first = _Parser(pattern, None)
    first.whole()
    second = _Parser(pattern, first.numbered())
    return Pattern(second.whole(), second.groups, frozenset(second.references))


def number(digits: str) -> int | None:
    """A decimal number; None when it is beyond what .NET accepts."""
    value = int(digits) if len(digits.lstrip("0")) <= 10 else None
    return value if value is not None and value < 2**31 else None


class _Parser:
    """One reading of a pattern; ``groups`` is None in the first one."""

    def __init__(self, pattern: str, groups: dict[str, int] | None) -> None:
        self.pattern = pattern
        self.at = 0
        self.depth = 0
        self.options: frozenset[str] = frozenset()
        self.first_reading = groups is None
        self.groups = groups or {}
        self.unnamed = 0
        self.numbers = {0}
        self.names: list[str] = []
        self.references: set[int] = set()

    def whole(self) -> Node:
        """``alternation``, to the end of the pattern."""
        tree = self._alternation()
        if self.at < len(self.pattern):
            raise self._error("a ) without a (")
        return tree

    def numbered(self) -> dict[str, int]:
        """The groups that were met, by number and name. Named ones are counted behind the others, as .NET does."""
        numbers = self.numbers | set(range(1, self.unnamed + 1))
        named: dict[str, int] = {}
        free = 1
        for name in dict.fromkeys(self.names):
            while free in numbers:
                free += 1
            named[name] = free
            numbers.add(free)
        index = {group: position for position, group in enumerate(sorted(numbers))}
        return {str(group): index[group] for group in index} | {name: index[named[name]] for name in named}

    # -- reading -----------------------------------------------------------------------------------------------

    def _error(self, reason: str, at: int | None = None) -> FilterError:
        position = (self.at if at is None else at) + 1
        return FilterError(f"regular expression, character {position}: {reason}")

    def _peek(self) -> str:
        """The next character; the empty text at the end."""
        return self.pattern[self.at : self.at + 1]

    def _take(self, text: str) -> bool:
        found = self.pattern.startswith(text, self.at)
        self.at += len(text) * found
        return found

    def _match(self, expression: re.Pattern[str]) -> re.Match[str] | None:
        found = expression.match(self.pattern, self.at)
        if found:
            self.at = found.end()
        return found

    def _number(self, digits: str, at: int) -> int:
        value = number(digits)
        if value is None:
            raise self._error("the number is too large", at)
        return value

    def _blank(self) -> None:
        """Comments, and with option x white space."""
        while True:
            start = self.at
            if "x" in self.options:
                self._match(_BLANK)
                if self._take("#"):
                    end = self.pattern.find("\n", self.at)
                    self.at = len(self.pattern) if end < 0 else end
            if self._take("(?#"):
                end = self.pattern.find(")", self.at)
                if end < 0:
                    raise self._error("a comment (?# without an end", start)
                self.at = end + 1
            if self.at == start:
                return

    # -- structure ---------------------------------------------------------------------------------------------

    def _alternation(self) -> Node:
        branches = [self._sequence()]
        while self._take("|"):
            branches.append(self._sequence())
        return branches[0] if len(branches) == 1 else Alternation(tuple(branches))

    def _sequence(self) -> Node:
        items: list[Node] = []
        while True:
            self._blank()
            if self._peek() in ("", "|", ")"):
                return items[0] if len(items) == 1 else Sequence(tuple(items))
            if _QUANTIFIER.match(self.pattern, self.at):
                raise self._error("a quantifier with nothing before it that it could repeat")
            item = self._item()
            if item is not None:
                self._blank()
                item = self._quantified(item)
                if item != _EMPTY:
                    items.append(item)

    def _quantified(self, item: Node) -> Node:
        start = self.at
        found = self._match(_QUANTIFIER)
        if not found:
            return item
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}.get(found.group(), (0, 0))
        if found[1]:
            least = self._number(found[1], start)
            most = None if found[2] and not found[3] else self._number(found[3] or found[1], start)
        if most is not None and least > most:
            raise self._error(_INVERTED, start)
        self._blank()
        lazy = self._take("?")
        return _EMPTY if most == 0 or item == _EMPTY else Repeat(item, least, most, lazy)

    def _item(self) -> Node | None:
        """One item; None for options that hold from here on."""
        char = self._peek()
        self.at += 1
        if char == "(":
            return self._group()
        if char == "\\":
            return self._escape()
        if char == "^":
            return Assertion(characters.at_line_start if "m" in self.options else characters.at_start)
        if char == "$":
            return Assertion(characters.at_line_end if "m" in self.options else characters.at_last_line_end)
        if char == "[":
            test = self._class()
        elif char == ".":
            test = characters.anything if "s" in self.options else "\n".__ne__
        else:
            test = characters.one(char, "i" in self.options)
        return Character(test)

    def _group(self) -> Node | None:
        """``[ kind ] alternation ")"``, or ``"?" options ")"``."""
        opened = self.at - 1
        outer = self.options
        kind = self._kind(opened)
        if kind is None:
            return None
        self._deeper(opened)
        item = self._alternation()
        self.depth -= 1
        if not self._take(")"):
            raise self._error("a ( without a )", opened)
        self.options = outer
        return kind(item)

    def _deeper(self, opened: int) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self._error(f"groups or classes are nested more than {MAX_DEPTH} deep", opened)

    def _kind(self, opened: int) -> Callable[[Node], Node] | None:
        """What to make of a group's content; None for options that hold from here on."""
        if self._peek() != "?":
            if "n" in self.options:
                return _KINDS["?:"]
            self.unnamed += 1
            return self._capture(str(self.unnamed))
        for start, kind in _KINDS.items():
            if self._take(start):
                return kind
        if self._take("?("):
            raise self._error("conditionals (?(…)…|…) are not supported", opened)
        if self._take("?<"):
            return self._capture(self._defined(">", opened))
        if self._take("?'"):
            return self._capture(self._defined("'", opened))
        options = self._match(_OPTIONS)
        if not options:
            raise self._error("an unknown kind of group after (?", opened)
        on = True
        for letter in options[1].lower():
            if letter in "+-":
                on = letter == "+"
            else:
                self.options = self.options | {letter} if on else self.options - {letter}
        return _KINDS["?:"] if options[2] == ":" else None

    def _capture(self, key: str) -> Callable[[Node], Node]:
        group = self.groups.get(key, 0)
        return lambda item: Capture(item, group)

    def _defined(self, close: str, opened: int) -> str:
        """The name or number of a group that is opened, up to ``close``."""
        key = self._key(opened)
        if self._peek() == "-":
            raise self._error("balancing groups (?<a-b>…) are not supported", opened)
        if key in ("", "0") or not self._take(close):
            raise self._error("a group's name is letters, digits and _, or a number from 1", opened)
        if key[0] in "0123456789":
            self.numbers.add(int(key))
        else:
            self.names.append(key)
        return key

    def _key(self, start: int) -> str:
        """A group's name, or its number without leading zeros; the empty text if there is neither."""
        digits = self._match(_DIGITS)
        if digits:
            return str(self._number(digits.group(), start))
        name = self._match(_NAME)
        return name.group() if name else ""

    def _reference(self, key: str, at: int) -> Node:
        if not self.first_reading and key not in self.groups:
            raise self._error("a reference to a group that is not there", at)
        group = self.groups.get(key, 0)
        self.references.add(group)
        return Backreference(group, "i" in self.options)

    # -- escapes and classes -----------------------------------------------------------------------------------

    def _escape(self) -> Node:
        """What follows a backslash outside of a class."""
        start = self.at - 1
        char = self._peek()
        if char and char in characters.ASSERTIONS:
            self.at += 1
            return Assertion(characters.ASSERTIONS[char])
        for opening, close in (("k<", ">"), ("k'", "'")):
            if self._take(opening):
                key = self._key(start)
                if key and self._take(close):
                    return self._reference(key, start)
        if char == "k":
            raise self._error(r"a reference by name is written \k<name>", start)
        digits = _DIGITS.match(self.pattern, self.at)
        if digits and char != "0":
            group = self._number(digits.group(), start)
            if group < 10 or self.first_reading or str(group) in self.groups:
                self.at = digits.end()
                return self._reference(str(group), start)
        test = self._character_class(start)
        return Character(test or characters.one(self._character(start), "i" in self.options))

    def _character_class(self, start: int) -> Test | None:
        r"""``\d``, ``\P{Lu}`` and the like, behind the backslash; None when something else is there."""
        char = self._peek()
        if char and char in "dswDSW":
            self.at += 1
            test = _CLASSES[char.lower()]
        elif char and char in "pP":
            self.at += 1
            name = self._match(_PROPERTY)
            if not name:
                raise self._error(rf"a category is written \{char}{{L}}", start)
            category = characters.in_category(name[1], "i" in self.options)
            if category is None:
                raise self._error(
                    r"\p knows the general categories such as L, Lu and Nd; blocks are not supported", start
                )
            test = category
        else:
            return None
        return characters.opposite(test) if char.isupper() else test

    def _character(self, start: int) -> str:
        """The one character that an escape stands for, behind the backslash."""
        octal = self._match(_OCTAL)
        if octal:
            return chr(int(octal.group(), 8) & 0xFF)
        char = self._peek()
        self.at += 1
        if not char:
            raise self._error(r"a \ with nothing behind it", start)
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in _HEXADECIMAL:
            code = self._match(_HEXADECIMAL[char])
            if not code:
                raise self._error(rf"\{char} needs {'two' if char == 'x' else 'four'} hexadecimal digits", start)
            return chr(int(code.group(), 16))
        if char == "c":
            control = self._peek().upper()
            self.at += 1
            if not control or not "@" <= control <= "_":
                raise self._error(r"\c needs a letter", start)
            return chr(ord(control) - ord("@"))
        if _NAME.match(char):
            raise self._error(rf"unknown escape \{char}", start)
        return char

    def _class(self) -> Test:
        """``class "]"``, behind the bracket."""
        opened = self.at - 1
        self._deeper(opened)
        ignore_case = "i" in self.options
        negated = self._take("^")
        tests: list[Test] = []
        excluded = None
        # A ] that comes first is an ordinary member, and so is a - in front of a [.
        while not tests or not self._take("]"):
            start = self.at
            if tests and self._take("-["):
                excluded = self._class()
                if self._peek() not in ("]", ""):
                    raise self._error("a subtracted class must come last", start)
            elif self._take(r"\-"):
                tests.append(characters.one("-", ignore_case))
            else:
                first = self._member(opened)
                follow = self.pattern[self.at : self.at + 2]
                if not isinstance(first, str):
                    tests.append(first)
                elif follow[:1] != "-" or follow[1:] in ("]", "[", ""):
                    tests.append(characters.one(first, ignore_case))
                else:
                    self.at += 1
                    last = self._member(opened)
                    if not isinstance(last, str) or first > last:
                        raise self._error("a range is written first-last, in the order of the characters", start)
                    tests.append(characters.between(first, last, ignore_case))
        self.depth -= 1
        return characters.one_of(tests, negated, excluded)

    def _member(self, opened: int) -> str | Test:
        """A character, or a class such as ``\\d``."""
        char = self._peek()
        if not char:
            raise self._error("a [ without a ]", opened)
        self.at += 1
        if char != "\\":
            return char
        return self._character_class(self.at - 1) or self._character(self.at - 1)
