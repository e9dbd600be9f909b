"""MIDI files: read into scores, and written from note sequences."""

CHORD_PREFIX = "Chord: "
"""What stands before a chord symbol in a text event, so that no other text is taken for one."""
