"""What the notebooks show, so that their cells stay short: a room to listen in, and temperature to look at.

Needs the extra `notebook`: pip install 'melody-rnn[notebook]'.
"""

from melody_rnn.quiet import quietly

# TensorFlow and its kin write to the cell that loads them, before any setting of theirs can keep them from it.
with quietly():
    from melody_rnn.model import MelodyRNN

from melody_rnn.notebook.composing import compose
from melody_rnn.notebook.listening import ListeningRoom
from melody_rnn.notebook.speaking import number, speak
from melody_rnn.notebook.temperature_lesson import (
    ChoiceView,
    Step,
    check_answer,
    hear,
    next_step,
    plot_curves,
    plot_diversity_against_mistakes,
    plot_limits,
    softmax_at,
)

__all__ = [
    "ChoiceView",
    "ListeningRoom",
    "MelodyRNN",
    "Step",
    "check_answer",
    "compose",
    "hear",
    "next_step",
    "number",
    "plot_curves",
    "plot_diversity_against_mistakes",
    "plot_limits",
    "softmax_at",
    "speak",
]
