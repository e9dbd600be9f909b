"""melody_rnn_create_dataset: melodies to train on, out of a TFRecord of NoteSequences."""

from pathlib import Path
from typing import NoReturn

from melody_rnn.cli.startup import load_tensorflow
from melody_rnn.errors import InvalidArgumentError
from melody_rnn.magenta.commands.flags import Definer, Flags, Log, run_command
from melody_rnn.magenta.commands.models import check_config


def main() -> NoReturn:
    """Runs the command and exits."""
    run_command("melody_rnn_create_dataset", "extract melodies from a TFRecord of NoteSequences.", _define, _run)


def _define(flags: Definer) -> None:
    flags.model()
    flags.string("input", None, "TFRecord of NoteSequences, as convert_dir_to_note_sequences makes it.")
    flags.string("output_dir", None, "Where training_melodies.tfrecord and eval_melodies.tfrecord go.")
    flags.real("eval_ratio", 0.1, "Share of the tunes that is set aside to evaluate on.")


def _run(flags: Flags, log: Log) -> None:
    check_config(flags)
    for name in ("input", "output_dir"):
        if not flags[name].value:
            raise InvalidArgumentError(f"--{name} is missing")
    if not 0 <= flags.eval_ratio <= 1:
        raise InvalidArgumentError(f"--eval_ratio must be from 0 to 1, got {flags.eval_ratio}")
    load_tensorflow(log.is_verbose)
    _create(Path(flags.input).expanduser(), Path(flags.output_dir).expanduser(), flags.eval_ratio, log)


def _create(source: Path, folder: Path, eval_ratio: float, log: Log) -> None:
    from melody_rnn.data.build import collect
    from melody_rnn.data.extraction import ExtractionRules
    from melody_rnn.data.splits import SplitRules
    from melody_rnn.magenta.examples import write_examples

    # Melodies begin with their first note, as in Magenta.
    rules = ExtractionRules(pad_bars=False)
    dataset, report = collect([source], rules, SplitRules(train=1 - eval_ratio, validation=eval_ratio))
    log.info(f"{report.num_tunes_read} of {report.num_tunes} sequences read")
    for rule, count in sorted(report.dropped.items()):
        log.info(f"{count} dropped: {rule.replace('_', ' ')}")
    training = dataset.split("train")
    held_out = [melody for melody in dataset.melodies if melody.split != "train"]
    for name, melodies in (("training", training), ("eval", held_out)):
        path = folder / f"{name}_melodies.tfrecord"
        log.info(f"wrote {write_examples(path, melodies)} melodies to {path}")
