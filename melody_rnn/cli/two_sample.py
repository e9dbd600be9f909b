"""How a two-sample test is printed."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rich.console import Console

    from melody_rnn.evaluation.two_sample import Auc, TwoSample

_NUM_FEATURES: Final = 12


def print_two_sample(console: "Console", result: "TwoSample") -> None:
    """Prints how well the tunes can be told apart, and the groups and single features that give most away."""
    from rich.table import Column, Table

    console.print(
        f"Two-sample test: a classifier tells {result.num_tunes:,} generated tunes from {result.num_tunes:,} real ones "
        f"with an AUC of {_text(result.auc)}. It would be 0.5 if it could not tell them apart, and 1 if it always "
        f"could; real tunes from other real ones it tells with {_text(result.control)}.",
        highlight=False,
    )
    table = Table("", *(Column(title, justify="right") for title in ("AUC", "95 %")), box=None, header_style="bold")
    for name, auc in {**result.meters, **{f"{name} alone": auc for name, auc in result.groups.items()}}.items():
        table.add_row(name, f"{auc.value:.3f}", f"{auc.low:.3f}..{auc.high:.3f}")
    console.print(table)
    titles = ("AUC", "generated", "real")
    table = Table("feature", *(Column(title, justify="right") for title in titles), "", box=None, header_style="bold")
    for row in result.features[:_NUM_FEATURES]:
        table.add_row(row.name, f"{row.auc:.3f}", f"{row.generated:.3f}", f"{row.real:.3f}", row.sentence)
    console.print(f"The features of {len(result.features)} that give most away, each alone:", highlight=False)
    console.print(table)


def _text(auc: "Auc") -> str:
    return f"{auc.value:.3f} ({auc.low:.3f} to {auc.high:.3f})"
