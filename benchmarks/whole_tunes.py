"""What share of whole tunes has what real ones have: endings, sections, loops, register, keys, copying; and the AUC.

usage: python benchmarks/whole_tunes.py [--model NAME] [--dataset FOLDER] [--num N] [--seed SEED] [--best-of N]
                                        [--two-sample]

Generates N tunes each in 4/4, 6/8, 3/4 and 2/4, of the meters, pickups and lengths that the real held-out tunes
(validation and test split) have, and prints their figures beside those of the real ones. 2/2 counts as 4/4. With
--best-of, each tune is the one of N by as many outlines that looks most real to the model's critic, which knows neither
the surprise among the classifier's features nor the ending detector.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from melody_rnn import MelodyRNN
from melody_rnn.data import dataset as datasets
from melody_rnn.evaluation.ending_detector import EndingDetector
from melody_rnn.evaluation.two_sample import MIN_TUNES, two_sample
from melody_rnn.evaluation.two_sample.matching import generate_alike
from melody_rnn.evaluation.whole_tunes import LONG_LOOP, WholeTunes, distance, measure_whole_tunes
from melody_rnn.music.keys import key_of_tonic
from melody_rnn.tunes.tune import Tune

METERS = {"4/4": ("4/4", "2/2"), "6/8": ("6/8",), "3/4": ("3/4",), "2/4": ("2/4",)}


def main() -> None:
    """Generates, measures and prints a table for each meter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a shipped model's name, or a model's folder")
    parser.add_argument("--dataset", type=Path, default=Path("data/tunebooks"))
    parser.add_argument("--num", type=int, default=1000, help="tunes in each meter")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--best-of", type=int, default=1, metavar="N")
    parser.add_argument("--two-sample", action="store_true", help="train a classifier in each meter, too")
    arguments = parser.parse_args()
    model, dataset = MelodyRNN.from_preset(arguments.model), datasets.load(arguments.dataset)
    train = [melody.tune for melody in dataset.split("train")]
    held_out = [melody.tune for split in ("validation", "test") for melody in dataset.split(split)]
    detector = EndingDetector(train)
    console = Console(width=110)
    for name, meters in METERS.items():
        real = [tune for tune in held_out if str(tune.meter) in meters]
        if not real:
            console.print(f"{name}: no real held-out tune")
            continue
        wanted = [real[k % len(real)] for k in range(arguments.num)]
        generated = generate_alike(model, wanted, arguments.seed, arguments.best_of)
        figures = [measure_whole_tunes(tunes, train, detector) for tunes in (generated, real)]
        table = Table(name, *(f"{own.num_tunes:,} {kind}" for own, kind in zip(figures, KINDS, strict=True)))
        for row in zip(*map(list, map(rows, figures)), strict=True):
            table.add_row(row[0][0], *(text for _, text in row))
        table.add_row(
            "keys' distance from the real ones",
            *(f"{distance(f.signatures, figures[1].signatures):.2f}" for f in figures),
        )
        if arguments.two_sample:
            table.add_row("AUC", *aucs(generated, real, arguments.seed, model.outlines is not None))
        console.print(table)


KINDS = ("generated", "real")


def rows(figures: WholeTunes) -> Iterator[tuple[str, str]]:
    """Yields the figures as (title, text)."""
    endings, register = figures.endings, figures.register
    form, share = next(iter(figures.forms.items()))
    yield "commonest form", f"{form or 'not known'} {100 * share:.0f} %"
    yield "with a pickup", _percent(figures.pickups)
    yield "ends on a long note", _percent(endings.long)
    yield "on a strong beat", _percent(endings.strong)
    yield "on the tonic", _percent(endings.tonic)
    yield "all three", _percent(endings.all_three)
    if figures.detected:
        yield "ending detector: at the end", _percent(figures.detected.ends)
        yield "ending detector: at inner bar ends", _percent(figures.detected.inner)
    yield "sections have in common", _percent(figures.sections_alike)
    yield "their last two bars", _percent(figures.last_bars_alike)
    yield "longest two-bar loop, mean", f"{figures.loop_bars:.2f} bars"
    yield f"loops of {LONG_LOOP} bars and more", _percent(figures.long_loops)
    yield "mean pitch, quartiles", f"{register.lower:.1f}, {register.median:.1f}, {register.upper:.1f}"
    yield "under a fiddle's G", _percent(register.under_fiddle)
    yield "under a whistle's D", _percent(register.under_whistle)
    best = sorted(range(12), key=lambda tonic: -figures.signatures[tonic])[:4]
    yield (
        "major keys",
        ", ".join(f"{key_of_tonic(tonic).tonic_name} {100 * figures.signatures[tonic]:.0f} %" for tonic in best),
    )
    if figures.copied is not None:
        yield "runs of twelve intervals in train", _percent(figures.copied)


def aucs(generated: Sequence[Tune], real: Sequence[Tune], seed: int, uses_keys: bool) -> tuple[str, str]:
    """Returns the AUC of generated against real tunes, and that of real against real ones."""
    if min(len(generated), len(real)) < MIN_TUNES:
        return "too few tunes", ""
    result = two_sample(generated, real, seed, uses_keys=uses_keys)
    return tuple(f"{own.value:.3f} ({own.low:.3f} to {own.high:.3f})" for own in (result.auc, result.control))


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


if __name__ == "__main__":
    main()
