"""Tables for the terminal. What hosts say is text there: no markup, nothing that a terminal would obey."""

from __future__ import annotations

from collections.abc import Sequence
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

from ..octopus.preview import legible
from .model import Level

STYLES = {Level.GOOD: "green", Level.UNKNOWN: "dim", Level.DOUBTFUL: "yellow", Level.BAD: "bold red"}


def cell(text: str, style: str = "") -> Text:
    """Text in a style."""
    return Text(legible(text), style)


class Screen:
    """Collects what is printed. Needs the package rich; see ``HAS_RICH``."""

    def __init__(self, width: int, colour: bool) -> None:
        self._output = StringIO()
        self._console = Console(
            file=self._output, width=width, force_terminal=colour, color_system="standard" if colour else None,
            highlight=False, markup=False, emoji=False, legacy_windows=False,
        )  # fmt: skip

    def line(self, text: str = "", style: str = "") -> None:
        """A line, or several where it is long."""
        self._console.print(cell(text, style))

    def parts(self, *texts: Text) -> None:
        """A line of parts in styles of their own."""
        self._console.print(Text.assemble(*texts))

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str | Text]]) -> None:
        """A table."""
        shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
        for heading in headings:
            # A name that is cut in two can't be searched for.
            shown.add_column(heading, overflow="fold", no_wrap=heading == "Host")
        for row in rows:
            shown.add_row(*(one if isinstance(one, Text) else cell(one) for one in row))
        self._console.print(shown)

    def text(self) -> str:
        """All that was printed, without the blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in self._output.getvalue().splitlines()).strip("\n")
