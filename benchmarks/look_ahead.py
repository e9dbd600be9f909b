"""What look-ahead costs and what it does: kept bars, ends and rhythms, with and without it, beside real tunes.

usage: python benchmarks/look_ahead.py [--model NAME] [--dataset FOLDER] [--num N] [--melodies N] [--particles N]
                                       [--rounds N] [--engine litert|tensorflow]
                                       [--cost] [--infill] [--end-on] [--keep] [--rhythm]

--cost prints the processor time of one melody of 32 particles over that of a plain batch of 32, the median of rounds
in one run; compiling is left out. --infill masks bars 5 to 8 of N real test tunes, fills them, and prints what the true
and the filled bars, and the bars 9 to 12 after them, have in nats per event under the model, which share of pitch
classes and of onsets they have in common with the true bars, and the AUC of the two-sample classifier. --end-on, --keep
and --rhythm make as many melodies as --melodies says with that constraint, and print the nats per event of what is
constrained: the last bar, the kept bars, all bars; beside them those of real tunes: their own last bars where they end
on the tonic, the same bars after the true ones, and their bars of that rhythm. Without any of them, all. After +-
stands the standard error of the mean, melodies taken as independent.
"""

import argparse
import statistics
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console

from melody_rnn import Constraints, MelodyRNN
from melody_rnn.data import dataset as datasets
from melody_rnn.evaluation.two_sample import two_sample
from melody_rnn.tunes.tune import Tune

FIRST, LAST, END = 4, 8, 12
"""Bars 5 to 8 are masked, 9 to 12 follow."""
KEPT_FIRST, KEPT_LAST, KEPT_END = 2, 6, 8
"""Bars 3 to 6 are new between kept ones, of eight."""
RHYTHM = "x.x.x.x."


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a shipped model's name, or a model's folder")
    parser.add_argument("--dataset", type=Path, default=Path("data/tunebooks"))
    parser.add_argument("--num", type=int, default=200, help="real tunes that are filled")
    parser.add_argument("--melodies", type=int, default=1000, help="melodies with each constraint")
    parser.add_argument("--particles", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--engine", default="litert")
    parts = ("cost", "infill", "end_on", "keep", "rhythm")
    for part in parts:
        parser.add_argument("--" + part.replace("_", "-"), action="store_true")
    arguments = parser.parse_args()
    wanted = [part for part in parts if getattr(arguments, part)] or list(parts)
    model, console = MelodyRNN.from_preset(arguments.model, arguments.engine), Console(width=200, highlight=False)
    if "cost" in wanted:
        console.print(f"32 particles against a plain batch of 32: {cost(model, arguments.rounds):.2f} times the time")
    if wanted == ["cost"]:
        return
    real = real_tunes(arguments.dataset)
    counts = 1, arguments.particles
    if "infill" in wanted:
        infill(model, spread(real, arguments.num), counts, console)
    for part, measure in {"end_on": end_on, "keep": keep, "rhythm": rhythm}.items():
        if part in wanted:
            measure(model, real, arguments.melodies, counts, console)


def cost(model: MelodyRNN, rounds: int) -> float:
    """Returns the median, over rounds, of the time of one melody of 32 particles over that of 32 plain ones."""
    constraints = Constraints(key="C major")
    ratios = []
    for number in range(rounds + 1):
        started = time.process_time()
        model.generate(num_outputs=32, num_steps=128, seed=number, constraints=constraints, look_ahead=1)
        between = time.process_time()
        model.generate(num_steps=128, seed=number, constraints=constraints, look_ahead=32)
        ratios.append((time.process_time() - between) / (between - started))
    return statistics.median(ratios[1:])


def real_tunes(folder: Path) -> list[Tune]:
    """Returns real test tunes of twelve bars and more whose key is known, as streams: only their meter is told."""
    tunes = (melody.tune for melody in datasets.load(folder).split("test"))
    return [
        replace(tune, sections=(), jump=None)
        for tune in tunes
        if len(tune) >= END * tune.steps_per_bar and tune.key is not None
    ]


def spread(tunes: Sequence[Tune], num: int) -> list[Tune]:
    """Returns so many of the tunes, evenly taken."""
    return [tunes[place * len(tunes) // num] for place in range(num)] if num < len(tunes) else list(tunes)


def cut(tune: Tune, num_bars: int) -> Tune:
    """Returns a tune's first bars."""
    return replace(tune, events=tune.events[: num_bars * tune.steps_per_bar], ends_note=False)


def nats(model: MelodyRNN, tunes: Sequence[Tune], parts: Sequence[slice]) -> list[float]:
    """Returns the mean nats per event of a part of each tune, at temperature 1, the meter known."""
    traces = model.trace(tunes)
    return [-float(np.mean(trace.log_likelihoods[part])) for trace, part in zip(traces, parts, strict=True)]


def figure(values: Sequence[float]) -> str:
    """Returns a mean and its standard error."""
    return f"{np.mean(values):.3f} +- {np.std(values, ddof=1) / len(values) ** 0.5:.3f}"


def bars(tune: Tune, first: int, end: int) -> slice:
    """Returns the steps of some bars of a tune, counted from 0; the first event, which has no nats, is left out."""
    return slice(max(first * tune.steps_per_bar, 1), end * tune.steps_per_bar)


def filled(model: MelodyRNN, tunes: Sequence[Tune], first: int, last: int, count: int, seed: int = 0) -> Iterator[Tune]:
    """Yields tunes whose bars from `first` to before `last` are new, drawn of so many particles each."""
    for number, tune in enumerate(tunes):
        bar = tune.steps_per_bar
        kept = dict(enumerate(tune.events[last * bar :], start=last * bar))
        constraints = Constraints(keep=kept)
        (made,) = model.generate(
            replace(tune, events=tune.events[: first * bar]),
            seed=seed + number,
            num_steps=len(tune),
            constraints=constraints,
            look_ahead=count,
        )
        yield replace(tune, events=made.events)


def infill(model: MelodyRNN, real: Sequence[Tune], counts: Sequence[int], console: Console) -> None:
    """Fills the masked bars of each tune with and without look-ahead."""
    real = [cut(tune, END) for tune in real]
    console.print(f"bars {FIRST + 1} to {LAST} of {len(real)} tunes")
    show(console, "true", model, real, real)
    for count in counts:
        tunes = list(filled(model, real, FIRST, LAST, count))
        show(console, f"filled, {count} particles", model, tunes, real)
        if len(real) >= 50:
            console.print(f"  AUC of true against filled tunes: {two_sample(tunes, real).auc}")


def show(console: Console, name: str, model: MelodyRNN, tunes: Sequence[Tune], real: Sequence[Tune]) -> None:
    """Prints the figures of tunes whose bars 5 to 8 were filled."""
    inside, entering, after = (
        figure(nats(model, tunes, [bars(tune, first, end) for tune in tunes]))
        for first, end in ((FIRST, LAST), (LAST, LAST + 1), (LAST, END))
    )
    pairs = [tuple(tune.events[bars(tune, FIRST, LAST)] for tune in pair) for pair in zip(tunes, real, strict=True)]
    classes, onsets = (np.mean([overlap(*pair) for pair in pairs]) for overlap in (pitch_class_overlap, onset_overlap))
    console.print(
        f"  {name}: {inside} nats an event in the bars, {entering} in bar {LAST + 1}, {after} in bars {LAST + 1} to "
        f"{END}; {classes:.1%} of pitch classes and {onsets:.1%} of onsets in common"
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


def end_on(model: MelodyRNN, real: Sequence[Tune], num: int, counts: Sequence[int], console: Console) -> None:
    """Prints nats per event of the last bar of melodies that end on the tonic."""
    ending = [tune for tune in real if tune.key is not None and tune.pitches[-1] % 12 == tune.key.tonic]
    lasts = [slice(len(tune) - tune.steps_per_bar, len(tune)) for tune in ending]
    console.print(f"the last bar of melodies that end on the tonic\n  {len(ending)} real ones: ", end="")
    console.print(f"{figure(nats(model, ending, lasts))} nats an event")
    constraints = Constraints(key="C major", end_on="tonic")
    for count in counts:
        made = model.generate(num_outputs=num, num_steps=128, seed=1, constraints=constraints, look_ahead=count)
        console.print(f"  {count} particles: {figure(nats(model, made, [slice(112, 128)] * num))} nats an event")


def keep(model: MelodyRNN, real: Sequence[Tune], num: int, counts: Sequence[int], console: Console) -> None:
    """Prints nats per event of kept bars, and of the new ones between them."""
    names = f"bars {KEPT_LAST + 1} to {KEPT_END} kept, {KEPT_FIRST + 1} to {KEPT_LAST} new"
    own = [cut(tune, KEPT_END) for tune in real]
    tunes = [own[number % len(own)] for number in range(num)]
    console.print(f"{names}\n  real: {kept_and_new(model, own)}")
    for count in counts:
        made = list(filled(model, tunes, KEPT_FIRST, KEPT_LAST, count, seed=10_000))
        console.print(f"  {count} particles: {kept_and_new(model, made)}")


def kept_and_new(model: MelodyRNN, tunes: Sequence[Tune]) -> str:
    """Returns the figures of tunes some of whose bars are kept."""
    kept, entering, new = (
        figure(nats(model, tunes, [bars(tune, first, end) for tune in tunes]))
        for first, end in ((KEPT_LAST, KEPT_END), (KEPT_LAST, KEPT_LAST + 1), (KEPT_FIRST, KEPT_LAST))
    )
    return f"{kept} nats an event in kept bars, {entering} in the first of them, {new} in new ones"


def rhythm(model: MelodyRNN, real: Sequence[Tune], num: int, counts: Sequence[int], console: Console) -> None:
    """Prints nats per event of bars of a rhythm."""
    wanted = [sign == "x" for sign in RHYTHM * 2]
    four = [tune for tune in real if tune.steps_per_bar == len(wanted)]
    found = []
    for tune, trace in zip(four, model.trace(four), strict=True):
        for first in range(16, len(tune) - 15, 16):
            if [event >= 0 for event in tune.events[first : first + 16]] == wanted:
                found.append(-float(np.mean(trace.log_likelihoods[first : first + 16])))
    console.print(f"bars of the rhythm {RHYTHM}\n  {len(found)} real ones: {figure(found)} nats an event")
    for count in counts:
        made = model.generate(
            num_outputs=num, num_steps=128, seed=2, constraints=Constraints(rhythm=RHYTHM), look_ahead=count
        )
        console.print(f"  {count} particles: {figure(nats(model, made, [slice(16, 128)] * num))} nats an event")


if __name__ == "__main__":
    main()
