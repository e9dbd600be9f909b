"""Bundles of Improv RNN that the original Magenta trains and writes, and its own figures on them, for the tests.

usage: python benchmarks/improv_golden.py --magenta ENVIRONMENT --output FOLDER [--configs NAME ...] [--steps N]

ENVIRONMENT is a folder with the original Magenta 2.1.4. Its programs make examples of tunes that the default model
writes, over chords found by rule, train small networks on them and save bundles. Then it scores melodies, gives
distributions and continues greedily. Writes NAME.mag and NAME.json for each configuration; a bundle that is there is
kept as it is. The cases of a file:

    events: a melody at 4 steps a quarter; chords: a symbol for each of its steps and 64 more; squashed: its events in
        the model's range.
    log_likelihood: `ImprovRnnModel.melody_log_likelihood(events, chords)`, nats, all events after the first.
    softmax_first_T1, softmax_last_T1, softmax_last_T0.6: the distribution of the event after the first, and after the
        last one, at temperature 1 or 0.6.
    greedy_events: `generate_melody(events, chords, temperature=1e-3)`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from melody_rnn import MelodyRNN
from melody_rnn.config import IMPROV_NAMES
from melody_rnn.music.chords import parse_chord
from melody_rnn.music.keys import Key, spell
from melody_rnn.tunes.tune import Tune

NUM_TUNES = 50
NUM_STEPS = 128
AHEAD = 64
# It learns fast, so that few steps do.
LEARNING = "learning_rate=0.01,dropout_keep_prob=0.9"
HPARAMS = {
    "basic_improv": f"batch_size=32,rnn_layer_sizes=[48,32],{LEARNING}",
    "attention_improv": f"batch_size=32,rnn_layer_sizes=[40,32,24],attn_length=40,{LEARNING}",
    "chord_pitches_improv": f"batch_size=32,rnn_layer_sizes=[40,32,24],{LEARNING}",
}
# All triads, sevenths, another bass, other spellings and none.
SYMBOLS = ["C", "Am7", "F#m7", "Bb/D", "N.C.", "Gaug", "Bdim", "C#m", "Ebmaj7", "G13", "Dm", "Abdim7", "F#m7b5", "B7/A"]
# Degrees of chords above the tonic, and their kinds, by mode.
CHORDS = {
    "major": ((0, ""), (5, ""), (7, ""), (7, "7"), (9, "m"), (2, "m"), (4, "m")),
    "minor": ((0, "m"), (5, "m"), (7, ""), (7, "7"), (3, ""), (8, ""), (10, "")),
}
RECORDS = """
import json, sys
import note_seq
import tensorflow.compat.v1 as tf
tunes, path = json.load(sys.stdin), sys.argv[1]
with tf.io.TFRecordWriter(path) as writer:
    for number, (events, chords) in enumerate(tunes):
        sheet = note_seq.LeadSheet(note_seq.Melody(events), note_seq.ChordProgression(chords))
        sequence = sheet.to_sequence(qpm=120.0)
        sequence.filename = sequence.id = 'tune%d' % number
        sequence.ticks_per_quarter = 220
        writer.write(sequence.SerializeToString())
"""
GOLDEN = """
import json, sys
import note_seq
import numpy as np
import tensorflow.compat.v1 as tf
from magenta.models.improv_rnn import improv_rnn_model
from magenta.models.improv_rnn.improv_rnn_sequence_generator import ImprovRnnSequenceGenerator
from magenta.models.shared.sequence_generator_bundle import read_bundle_file
tf.disable_v2_behavior()
bundle = read_bundle_file(sys.argv[1])
config = improv_rnn_model.default_configs[bundle.generator_details.id]
model = improv_rnn_model.ImprovRnnModel(config)
generator = ImprovRnnSequenceGenerator(model, config.details, config.steps_per_quarter, None, bundle)
generator.initialize()

def softmax(events, chords, temperature):
    # All but the last event bring the state, which does not hang on the temperature.
    session = model._session
    get = session.graph.get_collection
    inputs = config.encoder_decoder.get_inputs_batch([chords], [events], full_length=True)
    state = session.run(get('initial_state'))
    feed = {get('inputs')[0]: inputs, tuple(get('initial_state')): state, get('temperature')[0]: temperature}
    return session.run(get('softmax')[0], feed)[0, -1].astype(float).round(9).tolist()

cases = []
for events, chords in json.load(sys.stdin):
    melody, progression = note_seq.Melody(events), note_seq.ChordProgression(chords)
    squashed = note_seq.Melody(events)
    squashed.squash(config.min_note, config.max_note, config.transpose_to_key)
    squashed.transpose(0, config.min_note, config.max_note)
    first = note_seq.Melody(list(squashed)[:1])
    # It takes rests before the first note for silence.
    events = [int(event) for event in melody]
    case = {'events': events, 'chords': chords, 'squashed': [int(event) for event in squashed]}
    if len(events) > 1:
        case['log_likelihood'] = float(model.melody_log_likelihood(melody, progression))
    case['softmax_first_T1'] = softmax(first, progression, 1.0)
    case['softmax_last_T1'] = softmax(squashed, progression, 1.0)
    case['softmax_last_T0.6'] = softmax(squashed, progression, 0.6)
    greedy = model.generate_melody(melody, progression, temperature=1e-3)
    case['greedy_events'] = [int(event) for event in greedy]
    cases.append(case)
print(json.dumps({'config': bundle.generator_details.id, 'source': 'Magenta 2.1.4', 'cases': cases}))
"""


def main() -> None:
    """Trains, saves and computes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--magenta", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--configs", nargs="*", default=list(IMPROV_NAMES), choices=IMPROV_NAMES)
    parser.add_argument("--steps", type=int, default=300)
    arguments = parser.parse_args()
    tunes = MelodyRNN.from_preset("tunes_rnn").generate(num_outputs=NUM_TUNES, num_steps=NUM_STEPS, seed=1)
    sheets = [(list(tune.events), chords_by_rule(tune)) for tune in tunes]
    arguments.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="improv-") as name:
        folder, bin_folder = Path(name), arguments.magenta / "bin"
        records = folder / "sheets.tfrecord"
        run([bin_folder / "python", "-c", RECORDS, records], sheets)
        for config in arguments.configs:
            bundle = arguments.output / f"{config}.mag"
            if not bundle.exists():
                train(bin_folder, config, records, folder, bundle, arguments.steps)
            golden = run([bin_folder / "python", "-c", GOLDEN, bundle], cases(sheets))
            (arguments.output / f"{config}.json").write_text(golden.splitlines()[-1] + "\n")
            print(f"{config}: {bundle.stat().st_size:,} bytes", flush=True)


def chords_by_rule(tune: Tune) -> list[str]:
    """Returns a chord symbol for each step: of each bar that chord of the key which holds most of it."""
    key = tune.key or Key(0)
    kinds = CHORDS["major" if key.mode in ("major", "mixolydian", "lydian") else "minor"]
    symbols = [spell(key.tonic + degree, key) + kind for degree, kind in kinds]
    bar, found = tune.steps_per_bar, list[str]()
    for start in range(0, len(tune), bar):
        pitches = [event % 12 for event in tune.events[start : start + bar] if event >= 0]
        # Each has its own, however like they are.
        counts = [sum(pitch in tones(symbol) for pitch in pitches) - 0.01 * n for n, symbol in enumerate(symbols)]
        found += [symbols[int(np.argmax(counts))]] * bar
    return found[: len(tune)]


def tones(symbol: str) -> tuple[int, ...]:
    """Returns the pitch classes of a chord."""
    chord = parse_chord(symbol)
    assert chord is not None
    return chord.tones


def cases(sheets: list[tuple[list[int], list[str]]]) -> list[tuple[list[int], list[str]]]:
    """Returns melodies with chords for each step of theirs and those that follow."""
    rng = np.random.default_rng(4)
    found = []
    for events, chords in sheets[:3]:
        found.append((events[:96], chords))
    melodies = [[60], [60, -2, 64, -2, 67, -2, -1, -2], [30, -2, 96, -2, 59, 60], [-2, -2, -1, 55, -2, 55, -2, 55]]
    melodies += [rng.choice([-2, -2, -1, 48, 55, 60, 62, 64, 66, 71, 83], 80).tolist() for _ in range(3)]
    for melody in melodies:
        changes = rng.choice(SYMBOLS, 40)
        lengths = rng.choice([2, 4, 8, 16], 40)
        found.append((melody, [str(symbol) for symbol in np.repeat(changes, lengths)][: len(melody) + AHEAD]))
    return [(events, (chords * 2)[: len(events) + AHEAD]) for events, chords in found]


def train(bin_folder: Path, config: str, records: Path, folder: Path, bundle: Path, steps: int) -> None:
    """Makes examples, trains and saves a bundle by the original's own programs."""
    own = folder / config
    model = [f"--config={config}", f"--hparams={HPARAMS[config]}"]
    run([bin_folder / "improv_rnn_create_dataset", *model, f"--input={records}", f"--output_dir={own}"])
    examples = f"--sequence_example_file={own / 'training_lead_sheets.tfrecord'}"
    run_dir = f"--run_dir={own / 'run'}"
    run([bin_folder / "improv_rnn_train", *model, run_dir, examples, f"--num_training_steps={steps}"])
    words = "--bundle_description=Small, trained on tunes of melody_rnn with chords by rule."
    one = [f"--config={config}", f"--hparams={HPARAMS[config].replace('batch_size=32', 'batch_size=1')}"]
    run(
        [bin_folder / "improv_rnn_generate", *one, run_dir, f"--bundle_file={bundle}", "--save_generator_bundle", words]
    )


def run(command: list[str | Path], data: object = None) -> str:
    """Runs a command with JSON on its standard input, and returns what it writes."""
    result = subprocess.run(
        command, input=json.dumps(data), env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}, capture_output=True, text=True
    )
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))[:200]}: {result.stderr[-2000:]}")
    return result.stdout


if __name__ == "__main__":
    main()
