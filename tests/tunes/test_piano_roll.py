import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from melody_rnn.errors import InvalidArgumentError, MelodyError
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.piano_roll import (
    GENERATED_COLOUR,
    PRIMER_COLOUR,
    RollWords,
    picture_bytes,
    plot_piano_roll,
    roll_notes,
)
from melody_rnn.tunes.tune import Tune

EVENTS = (60, -2, -1, -2, 64, 67, -2, -2)
GIVEN = (True,) * 4 + (False,) * 4


def drawn_notes(axes):
    """Returns pitch, first step, opacity and colour of each note in a picture."""
    notes = []
    for patch in axes.patches:
        if isinstance(patch, Rectangle) and patch.get_zorder() == 3:
            pitch = round(patch.get_y() + patch.get_height() / 2)
            opacity = round(patch.get_facecolor()[3], 3)
            notes.append((pitch, round(patch.get_x()), opacity, patch.get_edgecolor()))
    return notes


def test_notes_of_events():
    tune = Tune(EVENTS, given=GIVEN)
    notes = [(note.pitch, note.start_step, note.end_step, note.is_given) for note in roll_notes(tune)]
    assert notes == [(60, 0, 2, True), (64, 4, 5, False), (67, 5, 8, False)]


def test_a_note_has_the_probability_of_its_begin():
    probabilities = (np.nan, 0.9, 0.9, 0.9, 0.25, 1.5, 0.1, 0.1)
    notes = roll_notes(Tune(EVENTS, given=GIVEN, probabilities=probabilities))
    assert [note.probability for note in notes] == [None, 0.25, 1.0]
    assert notes[0].opacity == notes[2].opacity == 1
    assert 0 < notes[1].opacity < 0.5


def test_the_picture_shows_the_notes():
    figure = plot_piano_roll(Tune(EVENTS, given=GIVEN, probabilities=(0.5,) * 8), title="a title")
    (axes,) = figure.axes
    opacity = round(roll_notes(Tune(EVENTS, probabilities=(0.5,) * 8))[0].opacity, 3)
    assert drawn_notes(axes) == [
        (60, 0, 1.0, to_rgba(PRIMER_COLOUR)),
        (64, 4, opacity, to_rgba(GENERATED_COLOUR)),
        (67, 5, opacity, to_rgba(GENERATED_COLOUR)),
    ]
    assert axes.get_title(loc="left") == "a title"
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert {"C4", "E4", "G4"} <= set(names)
    assert axes.get_legend().get_texts()[0].get_text() == "primer"


def test_bars_and_beats_are_the_grid():
    figure = plot_piano_roll(Tune((60, *[-2] * 23), Meter(6, 8)))
    (axes,) = figure.axes
    lines = [line.get_xdata()[0] for line in axes.lines]
    assert lines == [0, 6, 12, 18, 24]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["1", "2"]
    with_pickup = plot_piano_roll(Tune((*[-2] * 10, 60, -2, *[-2] * 12), Meter(6, 8), 2))
    assert [label.get_text() for label in with_pickup.axes[0].get_xticklabels()] == ["0", "1"]


def test_given_notes_have_another_colour_wherever_they_stand():
    figure = plot_piano_roll(Tune(EVENTS, given=(False,) * 4 + (True, False, False, False)))
    assert [note[3] for note in drawn_notes(figure.axes[0])] == [
        to_rgba(GENERATED_COLOUR),
        to_rgba(PRIMER_COLOUR),
        to_rgba(GENERATED_COLOUR),
    ]


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("$x_1$ 'quoted'", "$x_1$ 'quoted'"),
        ("漢字 Reel", "Reel"),
        ("a" * 300, f"{'a' * 79}…"),
        ("two\nlines", "two lines"),
    ],
)
def test_titles_are_one_line_of_plain_text(title, shown):
    figure = plot_piano_roll(Tune(EVENTS), title=title)
    assert figure.axes[0].get_title(loc="left") == shown
    assert picture_bytes(figure).startswith(b"\x89PNG")


def test_long_melodies_take_rows_and_notes_go_on_in_the_next():
    figure = plot_piano_roll(Tune((60, *[-2] * 31, 62, *[-2] * 15)), bars_per_row=1)
    assert [[note[:2] for note in drawn_notes(axes)] for axes in figure.axes] == [[(60, 0)], [(60, 16)], [(62, 32)]]
    assert len({axes.get_ylim() for axes in figure.axes}) == 1


@pytest.mark.parametrize(("file_format", "start"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_the_same_melody_gives_the_same_picture(file_format, start):
    data = [picture_bytes(plot_piano_roll(Tune(EVENTS)), file_format) for _ in range(2)]
    assert data[0] == data[1]
    assert data[0].startswith(start)


def test_what_cannot_be_drawn():
    with pytest.raises(MelodyError, match="no note"):
        plot_piano_roll(Tune((-2, -2)))
    with pytest.raises(MelodyError, match="513 bars; at most 512"):
        plot_piano_roll(Tune((60, *[-2] * (512 * 16))))
    with pytest.raises(InvalidArgumentError, match="png or svg, got gif"):
        picture_bytes(plot_piano_roll(Tune(EVENTS)), "gif")
    with pytest.raises(InvalidArgumentError, match="bars_per_row"):
        plot_piano_roll(Tune(EVENTS), bars_per_row=0)


def test_the_legend_speaks_the_reader_s_language():
    tune = Tune((60, -2, 62, -2), probabilities=(float("nan"), 1.0, 0.5, 1.0), given=(True, True, False, False))
    words = RollWords("comienzo", "generado", "probabilidad", ",")
    (legend,) = [axes.get_legend() for axes in plot_piano_roll(tune, words=words).axes]
    assert [text.get_text() for text in legend.get_texts()] == ["comienzo", "generado, probabilidad 1", "0,5", "0,1"]
