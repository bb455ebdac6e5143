r"""Parses a pipeline's source, and words a syntax error the way the real program's parser does.

A recursive-descent parser of the documented language. Each method's docstring is its rule of the grammar. The real
parser reports the furthest place where something that it looked for was missing, with everything that it looked for
there; so every terminal goes through `_literal` or `_class`, which note what they missed and where.

The published logstash-pipeline-parser is not used here: it refuses strings over several lines, escaped slashes in
patterns and lists of paths, it does not tell strings from field references, and it gives no place for an error. The
tests compare the two on what both read right.

Conditions are tuples: ("and"|"or"|"xor"|"nand", left, right), ("not", condition), ("in"|"not in", left, right),
("=="|"!="|"<"|">"|"<="|">=", left, right), ("=~"|"!~", left, right), ("truthy", value). Their values are
("string", text), ("number", n), ("field", "[a][b]"), ("array", [values]), ("regexp", pattern).
"""

import re

from .errors import ConfigurationError
from .syntax_tree import Branch, Plugin, Source

_ESCAPABLE = {'"': r'"\""', "'": r'"\\' + "'" + '"', "/": r"'\/'"}
_COMPARISONS = ("==", "!=", "<=", ">=", "<", ">")
# No pipeline of any use nests deeper, and beyond it the parser would run into Python's own limit.
_DEEPEST = 100


class _Miss(Exception):  # noqa: N818 - it steers the parser, it is not an error
    """What was looked for is not here; the caller tries something else."""


class Parser:
    """One parse of one text."""

    def __init__(self, text: str, *, classes_in_errors: bool = True) -> None:
        self.text = text
        self.at = 0
        self._furthest = 0
        self._missed: list[str] = []
        self._classes_in_errors = classes_in_errors
        self._depth = 0

    # Terminals

    def _miss(self, expected: str) -> None:
        if self.at > self._furthest:
            self._furthest, self._missed = self.at, []
        if self.at == self._furthest and expected not in self._missed:
            self._missed.append(expected)

    def _literal(self, text: str) -> None:
        if not self.text.startswith(text, self.at):
            self._miss(f"'{text}'" if text == '"' else f'"{text}"')
            raise _Miss
        self.at += len(text)

    def _class(self, name: str, *, least: int = 1) -> str:
        found = re.compile(f"(?:{name})*").match(self.text, self.at)[0]
        start, self.at = self.at, self.at + len(found)
        self._miss(name)
        if len(found) < least:
            self.at = start
            raise _Miss
        return found

    def _first(self, *rules):
        start, depth = self.at, self._depth
        for rule in rules:
            try:
                return rule()
            except _Miss:
                self.at, self._depth = start, depth
        raise _Miss

    def _maybe(self, rule):
        start, depth = self.at, self._depth
        try:
            return rule()
        except _Miss:
            self.at, self._depth = start, depth
            return None

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ConfigurationError("The configuration is nested too deeply")

    # Spaces and comments

    def _spaces(self) -> None:
        r"""( [ \t\r\n]+ / "#" [^\r\n]* newline-or-end )*"""
        while True:
            start = self.at
            self._maybe(lambda: self._class(r"[ \t\r\n]"))
            if self._maybe(lambda: self._literal("#") or True):
                self.at = re.compile(r"[^\r\n]*\r?\n?").match(self.text, self.at).end()
            if self.at == start:
                return

    # Sections

    def parse(self) -> Source:
        """Spaces section spaces (spaces section)* spaces. Raises ConfigurationError in the real words."""
        source, snippet, count = Source(), 0, 0
        self._spaces()
        while self.at < len(self.text) or not count:
            if count:
                snippet = self.at
            try:
                kind, statements = self._section()
            except _Miss:
                raise ConfigurationError(self._failure(snippet)) from None
            except RecursionError:
                raise ConfigurationError("The configuration is nested too deeply") from None
            getattr(source, kind).extend(statements)
            count += 1
            self._spaces()
        return source

    def _failure(self, snippet: int) -> str:
        missed = self._missed
        if not self._classes_in_errors:
            missed = [item[1:-1] for item in missed if not item.startswith("[")] or missed
        line = self.text.count("\n", 0, self._furthest) + 1
        column = self._furthest - (self.text.rfind("\n", 0, self._furthest) + 1) + 1
        what = f"one of {', '.join(missed)}" if len(missed) > 1 else missed[0]
        after = f" after {self.text[snippet : self._furthest]}" if self._furthest > 0 else ""
        return f"Expected {what} at line {line}, column {column} (byte {self._furthest + 1}){after}"

    def _section(self) -> tuple[str, list]:
        """("input" / "filter" / "output") spaces "{" spaces (statement spaces)* "}" """

        def named(name: str):
            self._literal(name)
            return name

        kind = self._first(*(lambda name=name: named(name) for name in ("input", "filter", "output")))
        self._spaces()
        return kind, self._block()

    def _block(self) -> list:
        """ "{" spaces (branch / plugin spaces)* "}" """
        self._deeper()
        self._literal("{")
        self._spaces()
        statements = []
        while (statement := self._maybe(lambda: self._first(self._branch, self._plugin))) is not None:
            statements.append(statement)
            self._spaces()
        self._literal("}")
        self._depth -= 1
        return statements

    def _branch(self) -> Branch:
        """ "if" condition block ("else" "if" condition block)* ("else" block)?"""
        self._literal("if")
        self._spaces()
        cases = [(self._condition(), self._spaces() or self._block())]

        def otherwise():
            self._spaces()
            self._literal("else")
            self._spaces()
            if self._maybe(lambda: self._literal("if") or True):
                self._spaces()
                return self._condition(), self._spaces() or self._block()
            return None, self._block()

        while cases[-1][0] is not None and (case := self._maybe(otherwise)) is not None:
            cases.append(case)
        return Branch(cases)

    # Plugins and their values

    def _plugin(self) -> Plugin:
        """Name "{" (attribute (space attribute)*)? "}" """
        start = self.at
        name = self._name()
        self._spaces()
        self._literal("{")
        self._spaces()
        attributes = []
        first = self._maybe(self._attribute)
        while first is not None:
            attributes.append(first)
            first = self._maybe(lambda: (self._class(r"[ \t\r\n]"), self._spaces(), self._attribute())[-1])
        self._spaces()
        self._literal("}")
        line = self.text.count("\n", 0, start) + 1
        return Plugin(name, attributes, line, start - self.text.rfind("\n", 0, start))

    def _name(self) -> str:
        """[A-Za-z0-9_-]+ / string"""
        return self._first(lambda: self._class("[A-Za-z0-9_-]"), self._string)

    def _attribute(self) -> tuple[str, object]:
        """Name "=>" value"""
        name = self._name()
        self._spaces()
        self._literal("=>")
        self._spaces()
        return name, self._value()

    def _value(self):
        """Plugin / bareword / string / number / array / hash"""
        self._deeper()
        found = self._first(
            self._plugin, self._bareword, self._string, self._number, lambda: self._array(self._value), self._hash
        )
        self._depth -= 1
        return found

    def _bareword(self) -> str:
        """[A-Za-z_] [A-Za-z0-9_]+"""
        if not re.match("[A-Za-z_]", self.text[self.at : self.at + 1]):
            self._miss("[A-Za-z_]")
            raise _Miss
        first = self.text[self.at]
        self.at += 1
        return first + self._class("[A-Za-z0-9_]")

    def _string(self) -> str:
        """Double or single quotes; a quote after a backslash does not end it. The backslash stays in the value."""
        return self._first(lambda: self._quoted('"'), lambda: self._quoted("'"))

    def _quoted(self, quote: str) -> str:
        self._literal(quote)
        body = re.compile(rf"(?:\\{quote}|[^{quote}])*").match(self.text, self.at)[0]
        self.at += len(body)
        self._miss(_ESCAPABLE[quote])
        self._literal(quote)
        return body

    def _number(self) -> int | float:
        """ "-"? [0-9]+ ("." [0-9]*)?"""
        self._maybe(lambda: self._literal("-"))
        start = self.at - 1 if self.text[self.at - 1 : self.at] == "-" else self.at
        self._class("[0-9]")
        if self._maybe(lambda: self._literal(".") or True):
            self._class("[0-9]", least=0)
            return float(self.text[start : self.at] + "0")
        return int(self.text[start : self.at])

    def _array(self, item) -> list:
        """ "[" (item ("," item)*)? "]" """
        self._literal("[")
        self._spaces()
        items = []
        found = self._maybe(lambda: (item(),))
        while found is not None:
            items.append(found[0])
            found = self._maybe(lambda: (self._spaces(), self._literal(","), self._spaces(), item())[-1:])
        self._spaces()
        self._literal("]")
        return items

    def _hash(self) -> dict:
        """ "{" ((number / bareword / string) "=>" value)* "}" """
        start = self.at
        self._literal("{")
        self._spaces()
        pairs: list[tuple] = []

        def entry():
            key = self._first(self._number, self._bareword, self._string)
            self._spaces()
            self._literal("=>")
            self._spaces()
            return key, self._value()

        while (pair := self._maybe(entry)) is not None:
            pairs.append(pair)
            self._spaces()
        self._literal("}")
        keys = [str(key) for key, _value in pairs]
        twice = [key for key in dict.fromkeys(keys) if keys.count(key) > 1]
        if twice:
            line = self.text.count("\n", 0, start) + 1
            column = start - self.text.rfind("\n", 0, start)
            names = ", ".join(f'"{key}"' for key in twice)
            raise ConfigurationError(
                f"Duplicate keys found in your configuration: [{names}]\nAt line: {line}, column {column} "
                f"(byte {start + 1})\nafter {self.text[:start]}"
            )
        return {str(key): value for key, value in pairs}

    # Conditions

    def _condition(self) -> tuple:
        """Expression (("and" / "or" / "xor" / "nand") expression)*

        `and` and `nand` bind tighter than `xor`, and that tighter than `or`, as in the real program.
        """
        operands, operators = [self._expression()], []

        def further():
            self._spaces()
            operator = self._first(*(lambda name=name: self._word(name) for name in ("and", "or", "xor", "nand")))
            self._spaces()
            return operator, self._expression()

        while (pair := self._maybe(further)) is not None:
            operators.append(pair[0])
            operands.append(pair[1])
        for level in (("and", "nand"), ("xor",), ("or",)):
            at = 0
            while at < len(operators):
                if operators[at] in level:
                    operands[at : at + 2] = [(operators.pop(at), operands[at], operands[at + 1])]
                else:
                    at += 1
        return operands[0]

    def _word(self, name: str) -> str:
        self._literal(name)
        return name

    def _expression(self) -> tuple:
        """Parenthesised / negated / in / not in / comparison / pattern / value"""
        return self._first(self._parenthesised, self._negated, self._operation)

    def _parenthesised(self) -> tuple:
        self._deeper()
        self._literal("(")
        self._spaces()
        found = self._condition()
        self._spaces()
        self._literal(")")
        self._depth -= 1
        return found

    def _negated(self) -> tuple:
        """ "!" "(" condition ")" / "!" selector"""
        self._literal("!")
        self._spaces()
        found = self._first(self._parenthesised, lambda: ("truthy", self._selector()))
        return "not", found

    def _operation(self) -> tuple:
        left = self._operand()
        start = self.at

        def binary(*names: str):
            self._spaces()
            operator = self._first(*(lambda name=name: self._word(name) for name in names))
            self._spaces()
            return operator, left, self._operand()

        def not_in():
            self._spaces()
            self._literal("not ")
            self._spaces()
            self._literal("in")
            self._spaces()
            return "not in", left, self._operand()

        def pattern():
            self._spaces()
            operator = self._first(lambda: self._word("=~"), lambda: self._word("!~"))
            self._spaces()
            return operator, left, self._first(lambda: ("string", self._string()), self._regexp)

        rules = (lambda: binary("in"), not_in, lambda: binary(*_COMPARISONS), pattern)
        for rule in rules:
            found = self._maybe(rule)
            if found is not None:
                return found
            self.at = start
        return "truthy", left

    def _operand(self) -> tuple:
        """String / number / selector / array / method call / regexp"""
        return self._first(
            lambda: ("string", self._string()),
            lambda: ("number", self._number()),
            self._selector,
            lambda: ("array", self._array(self._operand)),
            self._call,
            self._regexp,
        )

    def _selector(self) -> tuple:
        """("[" [^\\]\\[,]+ "]")+"""
        start = self.at

        def element():
            self._literal("[")
            self._class(r"[^\]\[,]")
            self._literal("]")
            return True

        element()
        while self._maybe(element):
            pass
        return "field", self.text[start : self.at]

    def _call(self) -> tuple:
        name = self._bareword()
        self._spaces()
        self._literal("(")
        self._spaces()
        arguments = []
        found = self._maybe(self._operand)
        while found is not None:
            arguments.append(found)
            found = self._maybe(lambda: (self._spaces(), self._literal(","), self._spaces(), self._operand())[-1])
        self._spaces()
        self._literal(")")
        return "call", name, arguments

    def _regexp(self) -> tuple:
        """ "/" ( "\\/" / not "/" )* "/" """
        self._literal("/")
        body = re.compile(r"(?:\\/|[^/])*").match(self.text, self.at)[0]
        self.at += len(body)
        self._miss(_ESCAPABLE["/"])
        self._literal("/")
        return "regexp", body


def parse(text: str, release: tuple[int, int, int]) -> Source:
    """The source of one file. Before 7.0 the parser's messages named the characters alone, without their classes."""
    return Parser(text, classes_in_errors=release >= (7, 0, 0)).parse()
