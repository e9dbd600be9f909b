"""What searches cost, how likely their melodies are, and how much these repeat themselves.

usage: python benchmarks/search.py [--rounds N] [--model NAME]

Prints for each search how much longer it takes than sampling one melody (the median, over rounds, of its seconds over
those of a plain run right before it), nats per event of the melody found, and how many of its eight bars differ. Model
loading and compiling are left out.
"""

import argparse
import statistics
import time
from collections.abc import Callable

from note_seq import Melody
from rich.console import Console
from rich.table import Table

from melody_rnn import MelodyRNN
from melody_rnn.generation.beam import StochasticBeam


def main() -> None:
    """Times the searches and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--model", help="the default model if not given")
    arguments = parser.parse_args()
    model = MelodyRNN.from_preset(arguments.model)
    table = Table("", "time", "nats/event", "different bars", box=None, header_style="bold")
    ways = searches(model)
    for name, search in ways.items():
        search(0)
        ratios, found = [], []
        for seed in range(arguments.rounds):
            plain, _ = timed(ways["sampling"], seed)
            seconds, melody = timed(search, seed)
            ratios.append(seconds / plain)
            found.append(melody)
        nats = statistics.mean(trace.nats_per_event for trace in model.trace(found, transpose=0))
        bars = statistics.mean(len({tuple(melody)[k : k + 16] for k in range(0, 128, 16)}) for melody in found)
        table.add_row(name, f"{statistics.median(ratios):.1f}", f"{nats:.3f}", f"{bars:.1f}")
    Console().print(table)


def searches(model: MelodyRNN) -> dict[str, Callable[[int], Melody]]:
    """Returns functions of a seed, each of which finds one melody of 128 steps."""
    return {
        "sampling": lambda seed: model.generate(seed=seed)[0],
        "best of 64, likely": lambda seed: model.best_of(64, seed=seed)[0],
        "best of 64, typical": lambda seed: model.best_of(64, by="typical", seed=seed)[0],
        "a beam of 8": lambda _: model.beam_search(8)[0],
        "a beam of 64": lambda _: model.beam_search(64)[0],
        "Magenta's beam, 4 x 4": lambda seed: model.stochastic_beam_search(StochasticBeam(4, 4), seed=seed)[0],
    }


def timed(search: Callable[[int], Melody], seed: int) -> tuple[float, Melody]:
    """Returns the seconds that a search took, and what it found."""
    start = time.perf_counter()
    melody = search(seed)
    return time.perf_counter() - start, melody


if __name__ == "__main__":
    main()
