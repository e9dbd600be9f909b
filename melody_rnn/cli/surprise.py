"""What tables say of many melodies: nats per event in words that a musician reads, and no more rows than one reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from melody_rnn.cli.options import cell

if TYPE_CHECKING:
    from rich.table import Table

MAX_ROWS: Final = 40
"""More rows than this nobody reads; `--json` has all."""
_SHOWN_OF_MANY: Final = 20
_WIDEST: Final = 2**16
_LOW, _HIGH = 0.6, 1.6


@dataclass(frozen=True)
class Surprise:
    """How nats per event are told.

    Attributes:
        real_nats: What real tunes have under the model, on average; None where nobody measured it.
    """

    real_nats: float | None

    def word(self, nats_per_event: float | None) -> str:
        """Returns low, typical or high; nothing where that cannot be told."""
        if nats_per_event is None or self.real_nats is None:
            return "-"
        share = nats_per_event / self.real_nats
        return "low" if share < _LOW else "high" if share > _HIGH else "typical"

    def explain(self) -> None:
        """Prints what the figures mean."""
        from rich.console import Console

        text = "nats/event: how much a step surprises the model"
        if self.real_nats is not None:
            text += f"; real tunes have about {self.real_nats:.2f} (less: it repeats itself, more: it wanders)"
        Console().print(text, highlight=False)


def print_rows(
    table: "Table", rows: Sequence[Sequence[str]], num_rows: int | None = None, keeps_lines: bool = False
) -> None:
    """Prints a table's rows; of very many the first ones, and how many more there are.

    Args:
        table: The table.
        rows: Its rows, at least the first ones.
        num_rows: How many there are in all, where these are not all.
        keeps_lines: Whether no line is broken, so that a path in the last column can be copied.
    """
    from rich.console import Console
    from rich.measure import Measurement

    shown = rows if len(rows) <= MAX_ROWS else rows[:_SHOWN_OF_MANY]
    for row in shown:
        table.add_row(*map(cell, row))
    console = Console()
    if keeps_lines:
        natural = Measurement.get(console, console.options.update(max_width=_WIDEST), table).maximum
        console = Console(width=max(console.width, natural))
    console.print(table)
    num_rows = len(rows) if num_rows is None else num_rows
    if len(shown) < num_rows:
        Console().print(f"... and {num_rows - len(shown):,} more; --json has all of them", highlight=False)
