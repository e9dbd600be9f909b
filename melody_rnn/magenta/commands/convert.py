"""convert_dir_to_note_sequences: a folder's music as a TFRecord of NoteSequences."""

from pathlib import Path
from typing import NoReturn

from melody_rnn.cli.startup import load_tensorflow
from melody_rnn.errors import InputFileError, InvalidArgumentError
from melody_rnn.magenta.commands.flags import Definer, Flags, Log, run_command


def main() -> NoReturn:
    """Runs the command and exits."""
    run_command("convert_dir_to_note_sequences", "write a folder's music as a TFRecord.", _define, _run)


def _define(flags: Definer) -> None:
    flags.string("input_dir", None, "Folder of MIDI, MusicXML or ABC files.")
    flags.string("output_file", None, "TFRecord of NoteSequences to write; one that is there is replaced.")
    flags.boolean("recursive", False, "Look into folders below, too.")


def _run(flags: Flags, log: Log) -> None:
    for name in ("input_dir", "output_file"):
        if not flags[name].value:
            raise InvalidArgumentError(f"--{name} is missing")
    folder, path = (Path(text).expanduser() for text in (flags.input_dir, flags.output_file))
    if not folder.is_dir():
        raise InputFileError(f"--input_dir: {folder} is no folder")
    load_tensorflow(log.is_verbose)
    from melody_rnn.data.tfrecords import write_records
    from melody_rnn.magenta.conversion import note_sequences

    sequences = note_sequences(folder, flags.recursive, log.warn)
    count = write_records(path, (sequence.SerializeToString() for sequence in sequences))
    log.info(f"wrote {count} sequences to {path}")
