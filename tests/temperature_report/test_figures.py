import numpy as np
import pytest
from matplotlib.figure import Figure

from melody_rnn.evaluation.temperature_report.figures import (
    draw_column,
    draw_diversity_against_mistakes,
    draw_music,
    png,
    svg,
)


def test_the_top_figure_has_a_point_for_each_temperature(table):
    axes = Figure().add_subplot()
    draw_diversity_against_mistakes(table, axes, "similarity", "wide_leaps")
    expected = [[row.estimates[name].value for name in ("similarity", "wide_leaps")] for row in table.rows]
    lines = {line.get_label(): line.get_xydata() for line in axes.lines}
    assert lines["temperature along the curve"] == pytest.approx(np.array(expected))
    assert lines["nearest to real tunes: T = 1"] == pytest.approx(np.array(expected[1:2]))
    assert lines["real tunes"].shape == (1, 2)
    assert [text.get_text() for text in axes.texts] == ["0.25", "1", "2"]
    assert axes.get_xlabel().startswith("Similarity of two melodies")


def test_a_column_is_drawn_over_temperature(table):
    axes = Figure().add_subplot()
    draw_column(table, axes, "entropy")
    expected = [[row.temperature, row.estimates["entropy"].value] for row in table.rows]
    assert axes.lines[0].get_xydata() == pytest.approx(np.array(expected))


def test_pictures_are_the_same_each_time(table):
    assert png(draw_music, table)[:8] == b"\x89PNG\r\n\x1a\n"
    picture = svg(draw_music, table, "all of them")
    assert picture == svg(draw_music, table, "all of them")
    assert picture.startswith('<svg role="img" aria-label="all of them"')
    assert "#0072b2" not in picture.lower() and "var(--curve)" in picture
