"""What `--surprise` reaches: the nats per event of generated tunes against what was asked for.

usage: python benchmarks/surprise.py [--model NAME] [--num N] [--num-steps N] [--engine litert|tensorflow] [--seed N]

Prints for each of five targets the mean nats per event of N streams and of N whole tunes under the model at
temperature 1, how far that is from the target, and how many single melodies are within a tenth of it; then the mean of
each bar where a target a bar was asked for. Events of which one alone was possible do not count, as they do not when
the temperature is steered.
"""

import argparse
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.console import Console

from melody_rnn import MelodyRNN, SamplerSettings, Schedule
from melody_rnn.generation.result import Generated

TARGETS = (0.4, 0.5, 0.64, 0.8, 1.0)
CURVE = Schedule((0.4, 0.4, 0.4, 0.4, 0.9, 0.9, 0.9, 0.9, 0.4, 0.4, 0.4, 0.4), "bars")


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a shipped model's name, or a model's folder")
    parser.add_argument("--num", type=int, default=200)
    parser.add_argument("--num-steps", type=int, default=256)
    parser.add_argument("--engine", default="tensorflow")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    model, console = MelodyRNN.from_preset(arguments.model, arguments.engine), Console(width=120)
    kinds = {"streams": {"num_steps": arguments.num_steps}} | ({"whole tunes": {}} if model.outlines else {})
    for kind, asked in kinds.items():
        for target in (None, *TARGETS):
            sampler = None if target is None else SamplerSettings(surprise=target)
            made = model.generate(num_outputs=arguments.num, seed=arguments.seed, sampler=sampler, trace=True, **asked)
            each = np.array([nats.mean() for nats in counted(made)])
            if target is None:
                console.print(f"{kind}, not steered: {each.mean():.3f} nats an event", highlight=False)
                continue
            near = np.abs(each / target - 1) <= 0.1
            console.print(
                f"{kind}, {target}: reached {each.mean():.3f} ({each.mean() / target - 1:+.1%}), deviation of single "
                f"melodies {each.std():.3f}, {near.mean():.0%} within a tenth",
                highlight=False,
            )
    steps = len(CURVE.values) * 16 + 1
    made = model.generate(
        num_outputs=arguments.num,
        seed=arguments.seed,
        num_steps=steps,
        sampler=SamplerSettings(surprise=CURVE),
        trace=True,
    )
    bars = np.mean([np.reshape(nats, (-1, 16)).mean(axis=1) for nats in counted(made)], axis=0)
    console.print(f"asked for by bar: {' '.join(f'{value:.2f}' for value in CURVE.values)}", highlight=False)
    console.print(f"reached by bar:   {' '.join(f'{value:.2f}' for value in bars)}", highlight=False)


def counted(made: Generated) -> Iterator[NDArray[np.float32]]:
    """Yields the nats of each melody's events where more than one was possible."""
    for trace in made.traces or ():
        assert trace.draws is not None
        is_possible = np.isfinite(trace.draws.logits)
        rows = zip(trace.label_events, is_possible, strict=True)
        free = np.array([len(np.unique(events[own])) > 1 for events, own in rows])
        yield -trace.log_likelihoods[free]


if __name__ == "__main__":
    main()
