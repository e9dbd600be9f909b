"""What each truncation, other settings of the sampler, and guides do to melodies: one table, Markdown.

usage: python benchmarks/truncation.py [--model NAME] [--num N] [--num-steps N] [--engine litert|tensorflow] [--seed N]
                                       [--temperature T] [--guides]

For each setting, or with --guides for each guide and strength, N streams of the same seed: nats per event under the
model at temperature 1 with the standard error of the mean, the entropy of what was drawn from in nats, distinct-4
(different runs of four notes over all runs), the share of notes that begin a run of five intervals and durations that
was there before in the same melody, the share of notes out of the melody's best key, how many labels are left a step,
and the probability that they had under the model at the temperature.
"""

import argparse
from collections.abc import Sequence

import numpy as np
from rich.console import Console

from melody_rnn import MelodyRNN, SamplerSettings
from melody_rnn.evaluation.musical_metrics import DistinctGrams, Notes, out_of_key
from melody_rnn.generation.trace import Trace
from melody_rnn.sampling.softmax import softmax, temper

SETTINGS = (
    {},
    {"top_k": 5},
    {"top_p": 0.95},
    {"top_p": 0.9},
    {"min_p": 0.02},
    {"min_p": 0.1},
    {"typical_p": 0.95},
    {"typical_p": 0.9},
    {"epsilon": 0.01},
    {"eta": 0.02},
    {"p_less": 1.0},
    {"p_less": 0.1},
    {"top_n_sigma": 1.5},
    {"top_n_sigma": 1.0},
    {"top_h": 0.8},
    {"top_h": 0.4},
    {"xtc": (0.1, 0.1)},
    {"xtc": (0.5, 0.1)},
    {"dry": 0.5},
    {"dry": -0.5},
    {"temperature": 0.8},
)
"""The second of two values of one setting is that of its paper, or as strict."""
GUIDES = (
    ("", 0.0),
    *(
        (guide, strength)
        for guide in ("basic_rnn", "lookback_rnn", "attention_rnn")
        for strength in (-0.5, 0.25, 0.5, 1.0)
    ),
)
"""A guide and g."""
_RUN = 5


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a shipped model's name, or a model's folder")
    parser.add_argument("--num", type=int, default=100)
    parser.add_argument("--num-steps", type=int, default=256)
    parser.add_argument("--engine", default="litert")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--guides", action="store_true")
    arguments = parser.parse_args()
    model, console = MelodyRNN.from_preset(arguments.model, arguments.engine), Console(width=200)
    first = "guide" if arguments.guides else "setting"
    titles = (first, "nats/event", "entropy", "distinct-4", "again", "out of key", "labels left", "probability left")
    console.print(f"| {' | '.join(titles)} |")
    console.print("| --- |" + " ---: |" * (len(titles) - 1))
    rows = [({}, own) for own in GUIDES] if arguments.guides else [(settings, GUIDES[0]) for settings in SETTINGS]
    guides = {guide: MelodyRNN.from_preset(guide, arguments.engine) for _, (guide, _) in rows if guide}
    for settings, (guide, strength) in rows:
        given = {"temperature": arguments.temperature, **settings}
        made = model.generate(
            num_outputs=arguments.num,
            num_steps=arguments.num_steps,
            seed=arguments.seed,
            trace=True,
            guide=(guides[guide], strength) if guide else None,
            sampler=SamplerSettings(**given),
        )
        assert made.traces is not None
        nats = np.array([trace.nats_per_event for trace in made.traces])
        notes = [Notes.of(tune) for tune in made]
        (distinct,) = DistinctGrams(notes, len(notes))(np.ones((1, len(notes)), bool))
        left = [kept(trace, given["temperature"]) for trace in made.traces]
        labels, mass = np.mean(left, axis=0)
        again, outside = np.mean([repeated(own) for own in notes]), np.mean([out_of_key(own) for own in notes])
        entropies = np.concatenate([trace.draws.entropies for trace in made.traces if trace.draws is not None])
        error = nats.std(ddof=1) / len(nats) ** 0.5
        console.print(
            f"| {f'`--guide {guide}:{strength:g}`' if guide else name(settings)} | {nats.mean():.3f} ± {error:.3f} "
            f"| {np.nanmean(entropies):.3f} | {distinct:.3f} | {again:.1%} | {outside:.1%} "
            f"| {labels:.1f} | {mass:.1%} |"
        )


def name(settings: dict[str, object]) -> str:
    """Returns settings as options."""
    texts = []
    for setting, value in settings.items():
        words = ",".join(f"{own:g}" for own in value) if isinstance(value, tuple) else f"{value:g}"
        texts.append(f"`--{setting.replace('_', '-')} {words}`")
    return " ".join(texts) or "none"


def kept(trace: Trace, temperature: float) -> tuple[float, float]:
    """Returns how many labels were left at a step, and the probability that they had at the temperature, on average."""
    assert trace.draws is not None
    logits, drawn_from = trace.logits[1:], trace.draws.logits[-len(trace.logits) + 1 :]
    is_drawn = np.isfinite(drawn_from).any(axis=1)
    is_kept = np.isfinite(drawn_from[is_drawn])
    before = softmax(temper(logits[is_drawn], np.float32(temperature)))
    return float(is_kept.sum(axis=1).mean()), float((before * is_kept).sum(axis=1).mean())


def repeated(notes: Notes) -> float:
    """Returns the share of runs of some notes, by intervals and durations, that came before in the same melody."""
    runs: Sequence[tuple[tuple[int, int], ...]] = [
        tuple(notes.moves[first : first + _RUN]) for first in range(len(notes.moves) - _RUN + 1)
    ]
    return 1 - len(set(runs)) / max(len(runs), 1)


if __name__ == "__main__":
    main()
