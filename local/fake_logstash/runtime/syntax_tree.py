"""What a pipeline's source is made of, once parsed."""

from dataclasses import dataclass, field


@dataclass
class Plugin:
    """`name { attribute => value ... }`. Attributes keep their order and may repeat.

    A value is a str (quoted or bare), an int, a float, a list, a dict or a Plugin (a codec with settings).
    """

    name: str
    attributes: list[tuple[str, object]]
    line: int
    column: int

    def parameters(self) -> dict:
        """The attributes as a hash: hashes given twice are merged, everything else is joined into a list."""
        merged: dict = {}
        for name, value in self.attributes:
            if name not in merged:
                merged[name] = value
            elif isinstance(value, dict) and isinstance(merged[name], dict):
                merged[name] = {**merged[name], **value}
            else:
                before = merged[name] if isinstance(merged[name], list) else [merged[name]]
                merged[name] = before + (value if isinstance(value, list) else [value])
        return merged


@dataclass
class Branch:
    """`if ... else if ... else`: (condition, statements) in order; the condition of `else` is None."""

    cases: list[tuple[tuple | None, list]]


@dataclass
class Source:
    """One or more files of one pipeline: the statements of each section. A statement is a Plugin or a Branch."""

    input: list = field(default_factory=list)
    filter: list = field(default_factory=list)
    output: list = field(default_factory=list)

    def extend(self, other: "Source") -> None:
        """Adds another file's sections after these."""
        self.input += other.input
        self.filter += other.filter
        self.output += other.output


def plugins(statements: list) -> list[Plugin]:
    """Every plugin of the statements, those inside branches too, in order."""
    found: list[Plugin] = []
    for statement in statements:
        if isinstance(statement, Plugin):
            found.append(statement)
        else:
            for _condition, body in statement.cases:
                found += plugins(body)
    return found
