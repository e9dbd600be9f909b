"""What the original's page on Improv RNN tells its readers to run, in its order, and mistakes in it."""

from pathlib import Path

import mido
import note_seq
import numpy as np
import pytest
from note_seq import NoteSequence

from melody_rnn import MelodyRNN
from melody_rnn.config import CONFIGS
from melody_rnn.data.dataset import StoredMelody
from melody_rnn.data.tfrecords import read_records, write_records
from melody_rnn.encodings import make_encoding
from melody_rnn.errors import MelodyRNNError
from melody_rnn.magenta.block_chords import midi_with_chords
from melody_rnn.magenta.bundles import read_bundle
from melody_rnn.magenta.examples import read_examples, write_examples
from melody_rnn.music.meters import COMMON_TIME
from melody_rnn.tunes.files import midi_of, read_tune
from melody_rnn.tunes.tune import Chord, Tune

DATA = Path(__file__).parents[2] / "data"
BUNDLE = DATA / "chord_pitches_improv.mag"
GENERATE, CREATE, TRAIN = "improv_rnn_generate", "improv_rnn_create_dataset", "improv_rnn_train"
# As the page has them, though the original cannot read that.
HPARAMS = "--hparams={'batch_size':4,'rnn_layer_sizes':[8,6]}"
SYMBOLS = ["C", "Am7", "F", "G7"]


@pytest.fixture
def sheets(tmp_path):
    """A TFRecord of lead sheets, one of which has a symbol that nobody knows."""
    path = tmp_path / "notesequences.tfrecord"
    records = []
    for number in range(10):
        rng = np.random.default_rng(number)
        melody = note_seq.Melody(rng.choice([60, 62, 64, 65, 67, 69, 71, 72, -2], 128).tolist())
        chords = [SYMBOLS[(step // 16 + number) % 4] for step in range(128)]
        if number == 7:
            chords[64:] = ["Hm"] * 64
        sequence = note_seq.LeadSheet(melody, note_seq.ChordProgression(chords)).to_sequence()
        sequence.id = sequence.filename = f"sheet{number}"
        sequence.ticks_per_quarter = 220
        records.append(sequence.SerializeToString())
    write_records(path, records)
    return path


def test_from_lead_sheets_to_melodies_over_chords(run, sheets, tmp_path, capsys):
    examples = tmp_path / "examples"
    run(CREATE, "--config=basic_improv", f"--input={sheets}", f"--output_dir={examples}")
    said = capsys.readouterr().err
    assert "1 dropped: chord symbols that are not known" in said
    counts = {path.name: len(list(read_records(path))) for path in examples.iterdir()}
    assert set(counts) == {"training_lead_sheets.tfrecord", "eval_lead_sheets.tfrecord"}
    assert sum(counts.values()) == 9

    run_dir = tmp_path / "run"
    train = [TRAIN, "--config=basic_improv", f"--run_dir={run_dir}", HPARAMS, "--summary_frequency=2"]
    run(*train, f"--sequence_example_file={examples / 'training_*'}", "--num_training_steps=3")
    assert "trained to step 3" in capsys.readouterr().err
    run(*train, f"--sequence_example_file={examples / 'training_lead_sheets.tfrecord'}", "--eval")
    assert "melodies: loss" in capsys.readouterr().err

    bundle = tmp_path / "mine.mag"
    from_run = ["--config=basic_improv", f"--run_dir={run_dir}", HPARAMS]
    run(GENERATE, *from_run, "--save_generator_bundle", f"--bundle_file={bundle}", "--bundle_description=Of a test")
    assert "Of a test" in read_bundle(bundle).description
    assert read_bundle(bundle).config.name == "basic_improv"
    own, again = MelodyRNN.from_preset(run_dir / "model"), MelodyRNN.from_bundle(bundle)
    tune = Tune((60, -2, 64, -2, 67, -1, 72, -2), chords=(Chord(0, "C"), Chord(4, "F")))
    assert own.log_likelihood(tune) == pytest.approx(again.log_likelihood(tune), abs=1e-3)
    for source in (from_run, [f"--bundle_file={bundle}"]):
        output = tmp_path / f"out{len(source)}"
        asked = ["--num_outputs=3", "--primer_melody=[57]", "--backing_chords=Am Dm G C F Bdim E E"]
        run(GENERATE, *source, f"--output_dir={output}", *asked, "--render_chords")
        files = sorted(output.iterdir())
        assert len(files) == 3
        for file in files:
            midi = mido.MidiFile(file)
            notes = [message.note for message in midi.tracks[-1] if message.type == "note_on" and message.velocity]
            # The last track is that of the chords, which begin with a minor triad on A and its bass.
            assert sorted(notes[:4]) == [45, 48, 52, 57]
            assert round(midi.length, 3) == 16


def test_chords_and_their_lengths_say_how_long_melodies_are(run, tmp_path):
    asked = [f"--bundle_file={BUNDLE}", "--num_outputs=1", "--primer_melody=[60, -2, 64, -2]"]
    run(GENERATE, *asked, f"--output_dir={tmp_path}", "--backing_chords= Am7  D/F# N.C.", "--steps_per_chord=8")
    (file,) = tmp_path.iterdir()
    # 24 steps, with which the second bar is not over.
    assert mido.MidiFile(file).length == pytest.approx(32 / 8)
    tune = read_tune(file)
    assert len(tune) <= 24
    assert tune.events[:4] == (60, -2, 64, -2)
    assert tune.chords == (Chord(0, "Am7"), Chord(8, "D/F#"), Chord(16, "N.C."))


def test_a_primer_may_begin_in_a_later_bar(run, tmp_path):
    primer = f"--primer_melody={[-2] * 16 + [60, -2, 62]}"
    run(GENERATE, f"--bundle_file={BUNDLE}", "--num_outputs=1", f"--output_dir={tmp_path}", primer)
    (file,) = tmp_path.iterdir()
    assert mido.MidiFile(file).length == pytest.approx(16)


def test_beams_write_over_chords_too(run, tmp_path):
    asked = ["--beam_size=2", "--branch_factor=3", "--steps_per_iteration=2", "--temperature=0.9", "--qpm=90"]
    run(GENERATE, f"--bundle_file={BUNDLE}", "--num_outputs=2", f"--output_dir={tmp_path}", *asked)
    assert [round(read_tune(file).qpm) for file in tmp_path.iterdir()] == [90, 90]


def test_chords_sound_as_magentas(tmp_path):
    symbols = ["C", "Am7", "N.C.", "G13/F", "Bdim"]
    chords = tuple(Chord(place * 8, symbol) for place, symbol in enumerate(symbols))
    tune = Tune((60, *[-2] * 15, 64, *[-2] * 23), qpm=100.0, chords=chords)
    progression = note_seq.ChordProgression([symbol for symbol in symbols for _ in range(8)])
    expected = note_seq.LeadSheet(note_seq.Melody(list(tune.events)), progression).to_sequence(qpm=100.0)
    note_seq.BasicChordRenderer(velocity=50).render(expected)
    (tmp_path / "x.mid").write_bytes(midi_with_chords(tune))
    found = note_seq.midi_file_to_note_sequence(str(tmp_path / "x.mid"))
    assert notes_of(found) == notes_of(expected)
    assert {note.program for note in found.notes} == {0, 88}
    # Without them the file is what it always is.
    assert len(midi_of(tune)) < len(midi_with_chords(tune))


def notes_of(sequence: NoteSequence):
    rows = ((round(n.start_time, 2), round(n.end_time, 2), n.pitch, n.velocity) for n in sequence.notes)
    return sorted(rows)


def random_sheet(seed, symbols, num_steps=60):
    rng = np.random.default_rng(seed)
    events = rng.choice([-2, -2, -1, 48, 60, 64, 67, 83], num_steps).astype(np.int8)
    steps = sorted({0, *rng.integers(2, num_steps, 8).tolist()})
    drawn: list[str] = []
    for _ in steps:
        drawn.append(str(rng.choice([symbol for symbol in symbols if symbol not in drawn[-1:]])))
    chords = tuple(Chord(*pair) for pair in zip(steps, drawn, strict=True))
    return StoredMelody(f"m{seed}", events, COMMON_TIME, "train", chords=chords)


def test_examples_keep_chords(tmp_path):
    melodies = [random_sheet(seed, SYMBOLS) for seed in range(3)]
    write_examples(tmp_path / "x.tfrecord", melodies)
    back = read_examples([tmp_path / "x.tfrecord"], make_encoding(CONFIGS["basic_improv"].encoding), "train").melodies
    assert [melody.chords for melody in back] == [melody.chords for melody in melodies]


@pytest.mark.parametrize(
    ("name", "symbols"),
    [
        ("basic_improv", ["C", "Am", "F#dim", "Ebaug", "N.C."]),
        ("attention_improv", ["C", "Am", "F#dim", "Ebaug", "N.C."]),
        ("chord_pitches_improv", ["C", "Am7", "F#m7b5", "Bb/D", "N.C.", "G13", "Esus4"]),
    ],
)
def test_magentas_examples_are_read_with_their_chords(name, symbols, tmp_path):
    import tensorflow as tf

    encoding = make_encoding(CONFIGS[name].encoding)
    melodies = [random_sheet(seed, symbols) for seed in range(3)]
    records = []
    for melody in melodies:
        cues = encoding.cues([melody_outline(melody)], 61)
        encoded = encoding.encode(tf.constant([melody.events.tolist()]), 16, tf.constant(cues))
        example = tf.train.SequenceExample()
        lists = example.feature_lists.feature_list
        for inputs, label in zip(encoded.inputs[0, :-1].numpy(), encoded.labels[0, 1:].numpy(), strict=True):
            lists["inputs"].feature.add().float_list.value.extend(inputs.tolist())
            lists["labels"].feature.add().int64_list.value.append(int(label))
        records.append(example.SerializeToString())
    write_records(tmp_path / "x.tfrecord", records)
    back = read_examples([tmp_path / "x.tfrecord"], encoding, "train").melodies
    for melody, found in zip(melodies, back, strict=True):
        np.testing.assert_array_equal(found.events, melody.events)
        assert found.chords == melody.chords
    with pytest.raises(MelodyRNNError, match="give the --config that they were made with"):
        read_examples([tmp_path / "x.tfrecord"], make_encoding(CONFIGS["basic_rnn"].encoding), "train")


def melody_outline(melody):
    from melody_rnn.tunes.outline import Outline

    return Outline(chords=melody.chords)


FROM_BUNDLE = [GENERATE, f"--bundle_file={BUNDLE}", "--output_dir=new"]
MISTAKES = [
    ([GENERATE], "give a model: --bundle_file or --run_dir"),
    ([GENERATE, "--run_dir=x", "--config=basic_rnn"], "--config must be one of basic_improv, attention_improv"),
    ([GENERATE, "--run_dir=x"], "--config must be one of basic_improv"),
    ([GENERATE, "--run_dir=x", "--melody_encoder_decoder=key"], "Unknown command line flag 'melody_encoder_decoder'"),
    ([*FROM_BUNDLE, "--hparams={'batch_size'}"], "hparams must be name=value"),
    ([*FROM_BUNDLE, "--hparams={'speed':3}"], "hparams: unknown name 'speed'"),
    ([*FROM_BUNDLE, "--checkpoint_file=x"], "Unknown command line flag 'checkpoint_file'"),
    ([*FROM_BUNDLE, "--num_steps=20"], "Unknown command line flag 'num_steps'"),
    ([*FROM_BUNDLE, "--backing_chords=C H7 G"], "'H7' is no chord symbol that is known"),
    ([*FROM_BUNDLE, "--backing_chords="], "--backing_chords holds no chord"),
    ([*FROM_BUNDLE, "--backing_chords=C", "--steps_per_chord=0"], "steps_per_chord"),
    (
        [*FROM_BUNDLE, "--backing_chords=C G", "--steps_per_chord=2", "--primer_melody=[60, -2, -2, 62]"],
        "the primer has 4 steps and the chords have 4",
    ),
    (
        [GENERATE, f"--bundle_file={DATA / 'basic_rnn.mag'}", "--output_dir=new"],
        "basic_rnn hears no chords; use melody_rnn_generate",
    ),
    (
        ["melody_rnn_generate", f"--bundle_file={BUNDLE}", "--output_dir=new"],
        "chord_pitches_improv writes melodies over chords; use improv_rnn_generate",
    ),
    (["melody_rnn_generate", "--run_dir=x", "--config=basic_improv"], "--config must be one of basic_rnn"),
    ([CREATE, "--config=mono_rnn", "--input=x", "--output_dir=new"], "--config must be one of basic_improv"),
    ([TRAIN, "--config=basic_improv", "--sequence_example_file=x"], "make it with improv_rnn_create_dataset"),
]


@pytest.mark.parametrize(("arguments", "words"), MISTAKES)
def test_mistakes_give_one_line_and_write_nothing(run, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(MelodyRNNError) as error:
        run(*arguments)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())
