"""How the benchmarks measure: candidates in turn, several rounds, the best of each; printed as ratios of one run."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

ROUNDS = 5

Work = Callable[[], object]


@dataclass(frozen=True)
class Row:
    """A comparison: what was measured, how long each candidate took (seconds), and what the ratio means."""

    what: str
    ours: float
    other: float
    meaning: str

    @property
    def ratio(self) -> float:
        return self.other / self.ours


def seconds(*works: Work, rounds: int = ROUNDS) -> list[float]:
    """The shortest time of each, in processor seconds; measured in turn, so that a busy machine is busy for all."""
    best = [float("inf")] * len(works)
    for _ in range(rounds):
        for number, work in enumerate(works):
            gc.collect()
            begun = time.process_time()
            work()
            best[number] = min(best[number], time.process_time() - begun)
    return best


def show(title: str, rows: list[Row]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("measured")
    table.add_column("here", justify="right")
    table.add_column("compared with", justify="right")
    table.add_column("ratio", justify="right")
    table.add_column("meaning")
    for row in rows:
        table.add_row(
            row.what, f"{row.ours * 1000:.1f} ms", f"{row.other * 1000:.1f} ms", f"{row.ratio:.2f}", row.meaning
        )
    Console(width=140).print(table)
