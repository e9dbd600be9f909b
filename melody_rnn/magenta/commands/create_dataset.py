"""melody_rnn_create_dataset and improv_rnn_create_dataset: what to train on, out of a TFRecord of NoteSequences."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from melody_rnn.cli.startup import load_tensorflow
from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.magenta.commands.families import IMPROV, MELODY, Family
from melody_rnn.magenta.commands.flags import Definer, Flags, Log, run_command
from melody_rnn.magenta.commands.models import check_config

if TYPE_CHECKING:
    from melody_rnn.tunes.tune import Chord


def main(family: Family = MELODY) -> NoReturn:
    """Runs the command of a family and exits."""
    name = family.examples.replace("_", " ")
    about = f"extract {name} from a TFRecord of NoteSequences."
    run_command(f"{family.name}_create_dataset", about, partial(_define, family), partial(_run, family))


def improv_main() -> NoReturn:
    """Runs improv_rnn_create_dataset and exits."""
    main(IMPROV)


def _define(family: Family, flags: Definer) -> None:
    flags.model(family)
    names = f"training_{family.examples}.tfrecord and eval_{family.examples}.tfrecord"
    flags.string("input", None, "TFRecord of NoteSequences, as convert_dir_to_note_sequences makes it.")
    flags.string("output_dir", None, f"Where {names} go.")
    flags.real("eval_ratio", 0.1, "Share of the tunes that is set aside to evaluate on.")


def _run(family: Family, flags: Flags, log: Log) -> None:
    check_config(flags, family)
    for name in ("input", "output_dir"):
        if not flags[name].value:
            raise InvalidArgumentError(f"--{name} is missing")
    if not 0 <= flags.eval_ratio <= 1:
        raise InvalidArgumentError(f"--eval_ratio must be from 0 to 1, got {flags.eval_ratio}")
    load_tensorflow(log.is_verbose)
    _create(family, Path(flags.input).expanduser(), Path(flags.output_dir).expanduser(), flags.eval_ratio, log)


def _create(family: Family, source: Path, folder: Path, eval_ratio: float, log: Log) -> None:
    from melody_rnn.data.build import collect
    from melody_rnn.data.extraction import ExtractionRules
    from melody_rnn.data.splits import SplitRules
    from melody_rnn.magenta.examples import write_examples

    # Melodies begin with their first note, as in Magenta.
    rules = ExtractionRules(pad_bars=False, min_pitch_classes=family.min_pitch_classes)
    dataset, report = collect([source], rules, SplitRules(train=1 - eval_ratio, validation=eval_ratio))
    log.info(f"{report.num_tunes_read} of {report.num_tunes} sequences read")
    for rule, count in sorted(report.dropped.items()):
        log.info(f"{count} dropped: {rule.replace('_', ' ')}")
    everything = dataset.melodies
    if family.hears_chords:
        everything = tuple(melody for melody in everything if _are_known(melody.chords))
        if len(everything) < len(dataset.melodies):
            log.info(f"{len(dataset.melodies) - len(everything)} dropped: chord symbols that are not known")
        if not any(melody.chords for melody in everything):
            log.warn("none has a chord symbol; they are read from MusicXML, ABC and texts of MIDI files")
    training = [melody for melody in everything if melody.split == "train"]
    held_out = [melody for melody in everything if melody.split != "train"]
    for name, melodies in (("training", training), ("eval", held_out)):
        path = folder / f"{name}_{family.examples}.tfrecord"
        log.info(f"wrote {write_examples(path, melodies)} {family.examples.replace('_', ' ')} to {path}")


def _are_known(chords: "Sequence[Chord]") -> bool:
    """Returns whether all are chord symbols that are known; Magenta leaves out lead sheets with others, too."""
    from melody_rnn.music.chords import parse_chord

    try:
        for chord in chords:
            parse_chord(chord.symbol)
    except MelodyError:
        return False
    return True
