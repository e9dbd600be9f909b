"""How far repetition control looks; known to the command line without NumPy."""

from typing import Final

MAX_ONSETS: Final = 128
"""How many of the last notes count."""
MAX_NGRAM: Final = 8
"""The longest sequence of pitches that may be forbidden to come again."""
