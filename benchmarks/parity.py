"""How far our figures are from the original Magenta's, over all its golden cases.

usage: python benchmarks/parity.py [--bundles FOLDER]

FOLDER holds bundles and the golden values of the same names. Prints, for each bundle, the largest difference of a
log-likelihood and of a probability, and how many greedy continuations of 64 events are the same.
"""

import argparse
import json
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from melody_rnn import MelodyRNN
from melody_rnn.sampling.softmax import softmax, temper

PLACES = (("softmax_first_T1", 0, 1.0), ("softmax_last_T1", -1, 1.0), ("softmax_last_T0.6", -1, 0.6))


def main() -> None:
    """Compares every bundle that has golden values."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundles", type=Path, default=Path(__file__).parents[2] / "shared" / "magenta")
    table = Table("bundle", "cases", "log-likelihood, nats", "probability", "greedy continuations")
    for path in sorted(parser.parse_args().bundles.glob("*.json")):
        cases = json.loads(path.read_text())["cases"]
        model = MelodyRNN.from_bundle(path.with_suffix(".mag"))
        scored = [case for case in cases if "log_likelihood" in case]
        ours = model.label_log_likelihoods([case["events"] for case in scored])
        likelihood = max(abs(a - case["log_likelihood"]) for a, case in zip(ours, scored, strict=True))
        probability = max(largest_difference(model, case) for case in cases)
        continued = [case for case in cases if "greedy_events" in case]
        same = f"{sum(is_greedily_the_same(model, case) for case in continued)} of {len(continued)} the same"
        table.add_row(
            path.stem,
            str(len(cases)),
            f"{likelihood:.1e}",
            f"{probability:.1e}",
            same,
        )
    Console().print(table)


def largest_difference(model: MelodyRNN, case: dict) -> float:
    """Returns the largest difference of a next-event probability from the golden ones of a case."""
    logits = model.logits(case["squashed"])
    return max(
        np.abs(softmax(temper(logits[place][np.newaxis], temperature))[0] - case[name]).max()
        for name, place, temperature in PLACES
    )


def is_greedily_the_same(model: MelodyRNN, case: dict) -> bool:
    """Returns whether the greedy continuation of a case is the golden one."""
    melody = model.generate(new_steps=64, primer=case["events"], temperature=0)[0]
    return list(melody)[-64:] == case["greedy_events"][-64:]


if __name__ == "__main__":
    main()
