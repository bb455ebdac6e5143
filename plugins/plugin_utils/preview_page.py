"""What octopus_preview shows, as one HTML file that needs nothing else.

Values are arbitrary text. Jinja2 escapes whatever it prints, control characters were made legible before, and the
page's policy allows the one script and the one style that it carries by their hashes: nothing else can run or load.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import jinja2
from markupsafe import Markup

from .octopus.preview import Preview, legible
from .octopus.preview.model import Cell, Row, together

# So many values are shown in one cell; a row that is opened has all of them.
MANY = 6

_FOLDER = Path(__file__).parent


def page(preview: Preview) -> bytes:
    """The page; the same bytes for the same preview."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    count = len(preview.environments)
    style = (_FOLDER / "preview_page.css").read_text("utf-8") + f":root {{ --columns: {count}; }}\n"
    style += "".join(f".s{number} {{ grid-column: span {number}; }}\n" for number in range(2, count + 1))
    script = (_FOLDER / "preview_page.js").read_text("utf-8")
    names = [one.name for one in preview.environments]
    text = environment.get_template("preview_page.html.j2").render(
        preview=preview,
        title=f"Variables of {names[0]}" if count == 1 else f"Variables of {count} environments",
        rows=[(row, spans(row, names)) for row in preview.rows],
        counts={
            "differs": sum(row.differs for row in preview.rows),
            "missing": preview.missing,
            "unused": preview.unused,
            "provided": sum(row.is_provided for row in preview.rows),
        },
        MANY=MANY,
        together=together,
        style=Markup(style),  # noqa: S704 - the page's own
        script=Markup(script),  # noqa: S704 - the page's own
        style_hash=_hash(style),
        script_hash=_hash(script),
    )
    return text.encode("utf-8")


def spans(row: Row, names: list[str]) -> list[tuple[Cell, list[str]]]:
    """The cells of a row, with neighbours that show the same put together, and the environments of each."""
    spans: list[tuple[Cell, list[str]]] = []
    for cell, name in zip(row.cells, names, strict=True):
        if spans and _face(spans[-1][0]) == _face(cell):
            spans[-1][1].append(name)
        else:
            spans.append((cell, [name]))
    return spans


def _face(cell: Cell) -> object:
    """What can be seen of a cell."""
    variants = tuple((one.value, one.where.label, bool(one.problems)) for one in cell.variants)
    return variants, tuple(one.label for one in cell.missing)


def _finalized(value: object) -> object:
    return legible(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _hash(content: str) -> str:
    """As a content security policy names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode('utf-8')).digest()).decode('ascii')}"
