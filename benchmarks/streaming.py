"""How long a listener waits: for a stream's first event, and for each further one.

usage: python benchmarks/streaming.py [--models NAME ...] [--streams N]

A first event is timed from the call of `stream` of a loaded model to the first event that was sampled: the plan, the
primer's events, the sampler. The last column is what an event costs more than in `generate`, which samples the same
tunes one by one in the same run.
"""

import argparse
import time
from typing import Any, NamedTuple

import numpy as np

from melody_rnn import Constraints, MelodyRNN, SamplerSettings
from melody_rnn.presets import list_presets

BAR = "C4:4 D4:4 E4:4 G4:4"
EVERY_SETTING = SamplerSettings(0.9, top_k=20, top_p=0.95, min_p=0.01, repetition_penalty=1.2, no_repeat_ngram=4)
KINDS: dict[str, dict[str, Any]] = {
    "stream of 128": {"num_steps": 128},
    "after a bar": {"num_steps": 128, "primer": BAR},
    "all settings": {
        "num_steps": 128,
        "sampler": EVERY_SETTING,
        "constraints": Constraints(key="D dorian", max_leap=9, max_rest=8),
    },
    "whole tune": {},
}


class Waits(NamedTuple):
    """What a listener waited in some streams, milliseconds.

    Attributes:
        firsts: For the first event of each stream.
        others: For each further event.
        generated: What an event took in `generate`, each stream's mean.
    """

    firsts: list[float]
    others: list[float]
    generated: list[float]


def main() -> None:
    """Times streams of every kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [info.name for info in list_presets()]
    parser.add_argument("--models", nargs="*", choices=names, default=names)
    parser.add_argument("--streams", type=int, default=50)
    arguments = parser.parse_args()
    print("milliseconds: median, and what 99 in 100 do not exceed")
    print(f"{'model':14} {'kind':14} {'first event':>14} {'each further':>14} {'of generate':>12}")
    for name in arguments.models:
        model = MelodyRNN.from_preset(name, "litert")
        for kind, asked in KINDS.items():
            if kind != "whole tune" or model.outlines is not None:
                show(name, kind, time_streams(model, asked, arguments.streams))


def time_streams(model: MelodyRNN, asked: dict[str, Any], num_streams: int) -> Waits:
    """Returns the waits of streams, the first of which warms up and does not count."""
    waits = Waits([], [], [])
    for seed in range(num_streams + 1):
        start = time.perf_counter()
        stream = model.stream(seed=seed, **asked)
        num_given = len(stream.events)
        times = []
        for _ in stream:
            times.append(time.perf_counter())
        # An opening that was drawn is given too, and costs nothing.
        times = times[num_given - len(stream.events) :]
        middle = time.perf_counter()
        model.generate(seed=seed, **asked)
        end = time.perf_counter()
        if seed:
            waits.firsts.append(1e3 * (times[0] - start))
            waits.others.extend(1e3 * np.diff(times))
            waits.generated.append(1e3 * (end - middle) / len(times))
    return waits


def show(name: str, kind: str, waits: Waits) -> None:
    """Prints a line."""
    first, other = (np.quantile(times, (0.5, 0.99)) for times in waits[:2])
    ratio = np.median(waits.others) / np.median(waits.generated)
    print(f"{name:14} {kind:14} {first[0]:6.2f} {first[1]:7.2f} {other[0]:6.2f} {other[1]:7.2f} {ratio:12.2f}")


if __name__ == "__main__":
    main()
