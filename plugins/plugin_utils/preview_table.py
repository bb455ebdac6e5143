"""What octopus_preview shows, as a table for the terminal: a line for each value that a variable has somewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from io import StringIO

try:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text
except ImportError:
    HAS_RICH = False
else:
    HAS_RICH = True

from .octopus.preview import Preview, legible
from .octopus.preview.model import Declaration, Row, Variant, Where, in_words

# Longer values are cut: the page has them whole.
_MAX_VALUE = 200

# More variables than anyone reads in a terminal.
MAX_ROWS = 300


def table(preview: Preview, *, width: int, words: str = "", colour: bool = False) -> str:
    """The variables in which each of ``words`` occurs somewhere, and problems; ``width`` columns of text.

    Without words all of them but the names that are provided. Needs the package rich; see ``HAS_RICH``.
    """
    wanted = words.lower().split()
    rows = [row for row in preview.rows if all(word in _searched(row) for word in wanted)]
    faults = [
        one for one in preview.faults if all(word in f"{one.message} {in_words(one.where)}".lower() for word in wanted)
    ]
    if not wanted:
        rows = [row for row in rows if not row.is_provided]
    output = StringIO()
    console = Console(
        file=output, width=width, force_terminal=colour, color_system="standard" if colour else None, highlight=False,
        markup=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
    lines = _Lines(preview)
    console.print(_variables(rows[:MAX_ROWS], lines))
    if lines.file:
        console.print(_text(f"Line numbers without a file are those of {lines.file}."), style="dim")
    if not wanted:
        console.print("Names that begin with Octopus. are left out; a filter finds them.", style="dim")
    for one in (note for environment in preview.environments for note in environment.notes):
        console.print(_text(one), style="yellow")
    if faults:
        console.print("\nWhat would stop a deployment:", style="bold red")
    for fault in faults[:MAX_ROWS]:
        console.print(_text(f"{fault.message} [{in_words(fault.where)}]"))
    for found, what in ((rows, "variables"), (faults, "problems")):
        if len(found) > MAX_ROWS:
            console.print(
                f"{len(found) - MAX_ROWS} more {what} are left out; a filter narrows the table.", style="bold"
            )
    return output.getvalue()


def _variables(rows: Iterable[Row], lines: _Lines) -> Table:
    shown = Table(box=box.SIMPLE_HEAD, expand=False, pad_edge=False, header_style="bold")
    for heading, style in (("Variable", "bold"), ("Value", ""), ("Holds on", ""), ("From", "dim")):
        shown.add_column(heading, style=style, overflow="fold")
    for row in rows:
        for number, line in enumerate(lines.of(row)):
            shown.add_row("" if number else _text(row.name), *line)
    return shown


class _Lines:
    """The lines of the table. ``file`` is the variable file that most values come from; places leave it out."""

    def __init__(self, preview: Preview) -> None:
        self._names = tuple(one.name for one in preview.environments)
        files = Counter(one.file for row in preview.rows for one in row.declarations if one.file)
        self.file = max(files, key=files.__getitem__, default="")

    def of(self, row: Row) -> Iterator[tuple[Text, Text, Text]]:
        """For each value of a variable: the value, where it holds, and where it comes from with what it shadows."""
        found: dict[tuple[str, Declaration], list[Variant]] = {}
        for cell in row.cells:
            for variant in cell.variants:
                found.setdefault((variant.value, variant.declaration), []).append(variant)
        above = Text()
        for (value, declaration), variants in found.items():
            where = [variant.where for variant in variants]
            origin = self._origin(row, declaration, variants)
            yield _shortened(value), _text(in_words(where, self._names)), Text() if origin == above else origin
            above = origin
        missing = [where for cell in row.cells for where in cell.missing]
        if missing:
            yield Text("missing", "bold red"), _text(in_words(missing, self._names)), Text()
        gaps = [cell.environment for cell in row.cells if cell.is_gap]
        if gaps:
            yield Text("no value", "dim"), _text(", ".join(gaps)), Text()
        if row.is_elsewhere and not missing:
            yield Text("only elsewhere", "dim"), Text(), _text("; ".join(map(self._source, row.declarations)))

    def _origin(self, row: Row, declaration: Declaration, variants: Iterable[Variant]) -> Text:
        text = _text(self._source(declaration))
        where = [variant.where for variant in variants]
        shadowed = [self._place(one) for one in row.declarations if _meet(one.shadowed, where)]
        if shadowed:
            text.append(legible(f"; shadows {', '.join(shadowed)}"))
        if row.is_unused:
            text.append("; unused", "yellow")
        for problem in dict.fromkeys(problem for variant in variants for problem in variant.problems):
            text.append(legible(f"; {problem}"), "red")
        return text

    def _source(self, declaration: Declaration) -> str:
        return self._place(declaration) + (f" ({declaration.scope})" if declaration.scope else "")

    def _place(self, declaration: Declaration) -> str:
        return declaration.place.removeprefix(self.file) if declaration.file else declaration.place


def _shortened(value: str) -> Text:
    if not value:
        return Text("(empty)", "dim")
    return _text(value if len(value) <= _MAX_VALUE else f"{value[:_MAX_VALUE]}…")


def _meet(some: Iterable[Where], others: Iterable[Where]) -> bool:
    """Whether two lists of places have an environment and a host in common."""
    places = {(one.environment, host) for one in some for host in one.hosts or ("",)}
    return any((one.environment, host) in places for one in others for host in one.hosts or ("",))


def _searched(row: Row) -> str:
    """What the words of a filter are looked for in."""
    parts = [row.name, row.description, *(use.label for use in row.uses)]
    for one in row.declarations:
        parts += [one.value or "", one.place, one.scope]
    for cell in row.cells:
        for variant in cell.variants:
            parts += [variant.value, variant.where.environment, variant.where.label, *variant.where.hosts]
        parts += [where.environment for where in cell.missing]
    return "\n".join(parts).lower()


def _text(text: str) -> Text:
    """Text as it is: no markup of rich's, nothing that the terminal would obey."""
    return Text(legible(text))
