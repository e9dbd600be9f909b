"""Magenta's formats and commands: bundles, checkpoints, Magenta.js, its training examples, its programs.

The facade asks for `magenta.bundles` by name, and nothing else below knows of this folder.
"""
