"""The command line: `melody-rnn` and its sub-commands.

Nothing here imports TensorFlow or note_seq before a command needs them, so that help and mistakes answer at once.
"""

from melody_rnn.cli.main import main

__all__ = ["main"]
