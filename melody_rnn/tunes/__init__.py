"""Tunes: the one form in which a melody travels, and the ways from scores, text and Magenta's types to it and back."""
