"""The rules of composite alarms: ``(ALARM("a") OR ALARM(b)) AND NOT OK("c")``.

Form: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

STATES = ("OK", "ALARM", "INSUFFICIENT_DATA")
# Whether the rule holds, by the states of the alarms in it.
Rule = Callable[[Mapping[str, str]], bool]

_TOKENS = re.compile(
    r"\s*(?:(?P<state>ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*(?:\"(?P<quoted>[^\"]+)\"|(?P<plain>[^\s\"()]+))\s*\)"
    r"|(?P<word>AND|OR|NOT|TRUE|FALSE)\b|(?P<bracket>[()]))"
)


class RuleError(ValueError):
    """A rule that cannot be read; its text says what is wrong, and what would be right."""


def parse(text: str) -> Rule:
    """Reads a rule.

    :raises RuleError: where it has something other than states of alarms, AND, OR, NOT, TRUE, FALSE and brackets.
    """
    reader = _Reader(text)
    rule = reader.any_of()
    if reader.word():
        raise reader.error("the end")
    return rule


class _Reader:
    """Recursive descent.

    ``any_of := all_of {OR all_of}``; ``all_of := one {AND one}``; ``one := NOT one | ( any_of ) | TRUE | STATE(name)``.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def error(self, expected: str) -> RuleError:
        rest = self.text[self.at :].lstrip()
        place = f"{rest[:20] or 'its end'!r} at character {len(self.text) - len(rest) + 1}"
        return RuleError(f"rule {self.text!r} has {place}, expected {expected}")

    def word(self) -> str:
        """The next word or bracket, empty for anything else."""
        found = _TOKENS.match(self.text, self.at)
        if not found:
            if self.text[self.at :].strip():
                raise self.error('ALARM("name"), OK("name"), INSUFFICIENT_DATA("name"), TRUE, FALSE, AND, OR or NOT')
            return ""
        return found["word"] or found["bracket"] or found["state"]

    def take(self) -> re.Match[str]:
        found = _TOKENS.match(self.text, self.at)
        assert found  # noqa: S101 - word() has looked
        self.at = found.end()
        return found

    def any_of(self) -> Rule:
        rules = [self.all_of()]
        while self.word() == "OR":
            self.take()
            rules.append(self.all_of())
        return lambda states: any(rule(states) for rule in rules)

    def all_of(self) -> Rule:
        rules = [self.one()]
        while self.word() == "AND":
            self.take()
            rules.append(self.one())
        return lambda states: all(rule(states) for rule in rules)

    def one(self) -> Rule:
        word = self.word()
        if word not in ("NOT", "(", "TRUE", "FALSE", *STATES):
            raise self.error('a condition such as ALARM("name")')
        found = self.take()
        if word == "NOT":
            negated = self.one()
            return lambda states: not negated(states)
        if word == "(":
            rule = self.any_of()
            if self.word() != ")":
                raise self.error(")")
            self.take()
            return rule
        if word in ("TRUE", "FALSE"):
            return lambda states: word == "TRUE"
        name = found["quoted"] or found["plain"]
        return lambda states: states[name] == word
