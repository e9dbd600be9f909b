"""What look-ahead costs and what it does: kept bars, ends and rhythms, with and without it, beside real tunes.

usage: python benchmarks/look_ahead.py [--model NAME] [--dataset FOLDER] [--num N] [--particles N] [--rounds N]
                                       [--engine litert|tensorflow] [--cost | --infill | --ends]

--cost prints the seconds of one melody of 32 particles over those of a plain batch of 32, the median of rounds in one
run; compiling is left out. --infill masks bars 5 to 8 of N real test tunes, fills them, and prints what the true and
the filled bars, and the bars 9 to 12 after them, have in nats per event under the model, which share of pitch classes
and of onsets they have in common with the true bars, and the AUC of the two-sample classifier. --ends prints the nats
per event of the last bar with --end-on and of all bars with a rhythm, beside real tunes. Without any of them, all.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from melody_rnn import Constraints, MelodyRNN
from melody_rnn.data import dataset as datasets
from melody_rnn.tunes.tune import Tune
from melody_rnn.two_sample import two_sample

FIRST, LAST, END = 4, 8, 12
"""Bars 5 to 8 are masked, 9 to 12 follow."""
RHYTHM = "x.x.x.x."


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a shipped model's name, or a model's folder")
    parser.add_argument("--dataset", type=Path, default=Path("data/tunebooks"))
    parser.add_argument("--num", type=int, default=200)
    parser.add_argument("--particles", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", default="tensorflow")
    for part in ("cost", "infill", "ends"):
        parser.add_argument(f"--{part}", action="store_true")
    arguments = parser.parse_args()
    is_all = not (arguments.cost or arguments.infill or arguments.ends)
    model, console = MelodyRNN.from_preset(arguments.model, arguments.engine), Console()
    if arguments.cost or is_all:
        console.print(f"32 particles against a plain batch of 32: {cost(model, arguments.rounds):.2f} times the time")
    if arguments.cost and not (arguments.infill or arguments.ends):
        return
    real = real_tunes(arguments.dataset, arguments.num)
    if arguments.infill or is_all:
        infill(model, real, arguments.particles, console)
    if arguments.ends or is_all:
        ends(model, real, arguments.particles, console)


def cost(model: MelodyRNN, rounds: int) -> float:
    """Returns the median, over rounds, of the time of one melody of 32 particles over that of 32 plain ones."""
    constraints = Constraints(key="C major")
    ratios = []
    for number in range(rounds + 1):
        started = time.perf_counter()
        model.generate(num_outputs=32, num_steps=128, seed=number, constraints=constraints, look_ahead=1)
        between = time.perf_counter()
        model.generate(num_steps=128, seed=number, constraints=constraints, look_ahead=32)
        ratios.append((time.perf_counter() - between) / (between - started))
    return statistics.median(ratios[1:])


def real_tunes(folder: Path, num: int) -> list[Tune]:
    """Returns the first twelve bars of real tunes in 4/4 without a pickup, as streams."""
    tunes = (melody.tune for melody in datasets.load(folder).split("test"))
    fitting = [tune for tune in tunes if str(tune.meter) == "4/4" and not tune.pickup_steps]
    bars = [tune for tune in fitting if len(tune) >= END * tune.steps_per_bar and tune.key is not None]
    return [
        Tune(
            tune.events[: END * tune.steps_per_bar], tune.meter, key=tune.key, steps_per_quarter=tune.steps_per_quarter
        )
        for tune in bars[:num]
    ]


def infill(model: MelodyRNN, real: Sequence[Tune], particles: int, console: Console) -> None:
    """Fills the masked bars of each tune with and without look-ahead."""
    console.print(f"bars {FIRST + 1} to {LAST} of {len(real)} tunes")
    show(console, "true", model, real, real)
    for count in (1, particles):
        filled = []
        for number, tune in enumerate(real):
            bar = tune.steps_per_bar
            primer = replace(tune, events=tune.events[: FIRST * bar])
            kept = dict(enumerate(tune.events[LAST * bar :], start=LAST * bar))
            made = model.generate(
                seed=number, num_steps=len(tune), primer=primer, constraints=Constraints(keep=kept), look_ahead=count
            )
            filled.append(replace(tune, events=made[0].events))
        show(console, f"filled, {count} particles", model, filled, real)
        if len(real) >= 200:
            result = two_sample(filled, real)
            console.print(f"  AUC of true against filled tunes: {result.auc:.3f}")


def show(console: Console, name: str, model: MelodyRNN, tunes: Sequence[Tune], real: Sequence[Tune]) -> None:
    """Prints the figures of tunes whose bars 5 to 8 were filled."""
    bar = real[0].steps_per_bar
    traces = [trace.log_likelihoods for trace in model.trace(tunes)]
    inside, after = (
        -np.mean([trace[first * bar : end * bar] for trace in traces]) for first, end in ((FIRST, LAST), (LAST, END))
    )
    entering = -np.mean([trace[LAST * bar : (LAST + 1) * bar] for trace in traces])
    pairs = [
        (ours.events[FIRST * bar : LAST * bar], theirs.events[FIRST * bar : LAST * bar])
        for ours, theirs in zip(tunes, real, strict=True)
    ]
    classes, onsets = (np.mean([overlap(*pair) for pair in pairs]) for overlap in (pitch_class_overlap, onset_overlap))
    console.print(
        f"  {name}: {inside:.3f} nats an event in the bars, {entering:.3f} in bar {LAST + 1}, {after:.3f} in bars "
        f"{LAST + 1} to {END}; {classes:.1%} of pitch classes and {onsets:.1%} of onsets in common",
        highlight=False,
    )


def pitch_class_overlap(ours: Sequence[int], theirs: Sequence[int]) -> float:
    """Returns the share that two histograms of pitch classes have in common."""
    first, second = (Counter(event % 12 for event in events if event >= 0) for events in (ours, theirs))
    sizes = first.total(), second.total()
    return sum(min(first[c] / max(sizes[0], 1), second[c] / max(sizes[1], 1)) for c in range(12))


def onset_overlap(ours: Sequence[int], theirs: Sequence[int]) -> float:
    """Returns how many steps both begin a note on, as a share of those that either does."""
    first, second = (np.array(events) >= 0 for events in (ours, theirs))
    return float((first & second).sum() / max((first | second).sum(), 1))


def ends(model: MelodyRNN, real: Sequence[Tune], particles: int, console: Console) -> None:
    """Prints nats per event of what constraints ask for."""
    bar, num = real[0].steps_per_bar, len(real)
    closing = [tune for tune in real if tune.key is not None]
    traces = [trace.log_likelihoods for trace in model.trace(closing)]
    console.print(f"real tunes: {-np.mean([trace[-bar:] for trace in traces]):.3f} nats an event in bar {END}")
    for name, constraints, first in (
        ("end-on tonic, the last bar", Constraints(key="C major", end_on="tonic"), -bar),
        (f"rhythm {RHYTHM}, all bars", Constraints(rhythm=RHYTHM), 1),
    ):
        for count in (1, particles):
            made = model.generate(num_outputs=num, num_steps=8 * bar, seed=1, constraints=constraints, look_ahead=count)
            traces = [trace.log_likelihoods for trace in model.trace(made, outlines=made.outlines)]
            nats = -np.mean([trace[first:] for trace in traces])
            console.print(f"  {name}, {count} particles: {nats:.3f} nats an event", highlight=False)


if __name__ == "__main__":
    main()
