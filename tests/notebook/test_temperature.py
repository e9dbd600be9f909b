import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure

from melody_rnn.notebook import speaking
from melody_rnn.notebook.speaking import number, speak, told
from melody_rnn.notebook.temperature_lesson import (
    ChoiceView,
    Step,
    check_answer,
    draw_choice,
    next_step,
    plot_curves,
    softmax_at,
    steps_of,
)

STEP = Step(np.array([0.0, 2.0, 1.0, -1.0], np.float32), np.array([-2, -1, 60, 60], np.int32))


def test_softmax_is_the_formula():
    exponentials = np.exp(STEP.logits.astype(np.float64) / 0.6)
    np.testing.assert_allclose(softmax_at(STEP.logits, 0.6), exponentials / exponentials.sum(), atol=1e-6)
    assert softmax_at(STEP.logits, 0).tolist() == [0, 1, 0, 0]


def test_classes_are_named_in_both_languages():
    assert STEP.names() == ["hold", "off", "C4", "C4↺"]
    assert STEP.names("es") == ["sigue", "termina", "do4", "do4↺"]
    assert STEP.order.tolist() == [1, 2, 0, 3]


def test_the_step_after_a_primer_is_the_models(tiny_model):
    primer = "C4 E4 G4"
    events = [60, -2, -2, -2, 64, -2, -2, -2, 67, -2, -2, -2]
    np.testing.assert_allclose(next_step(tiny_model, primer).logits, tiny_model.logits(events)[-1], atol=1e-5)
    steps = steps_of(tiny_model, primer)
    assert len(steps) == len(events)
    np.testing.assert_allclose(steps[0].logits, tiny_model.logits(events)[0], atol=1e-5)


def test_bars_follow_both_sliders(tiny_model):
    view = ChoiceView(tiny_model, "C4 E4", num_bars=5)
    picture = view.picture.value
    step = next_step(tiny_model, "C4 E4")
    assert view.bars == pytest.approx(softmax_at(step.logits, 1.0)[step.order[:5]].tolist())
    view.temperature.value = 2.0
    assert view.bars == pytest.approx(softmax_at(step.logits, 2.0)[step.order[:5]].tolist())
    assert view.picture.value != picture
    view.step.value = 1
    first = steps_of(tiny_model, "C4 E4")[0]
    assert view.bars == pytest.approx(softmax_at(first.logits, 2.0)[first.order[:5]].tolist())


def test_the_drawn_bars_are_the_probabilities():
    axes = Figure().subplots()
    bars = draw_choice(axes, STEP, 0.5, "es")
    assert [bar.get_height() for bar in axes.patches] == pytest.approx(bars)
    assert bars == pytest.approx(softmax_at(STEP.logits, 0.5)[STEP.order].tolist())
    assert [label.get_text() for label in axes.get_xticklabels()] == ["termina", "do4", "sigue", "do4↺"]
    assert axes.get_title(loc="left").startswith("T = 0,5    entropía")


def test_curves_lie_between_their_limits():
    entropies, largest = (axes.lines[0].get_ydata() for axes in plot_curves(STEP).axes)
    assert 0 <= entropies[0] < 0.01
    assert entropies[-1] == pytest.approx(np.log(4), abs=0.01)
    assert largest[0] > 0.999
    assert largest[-1] == pytest.approx(0.25, abs=0.02)


def test_answers_are_checked_and_not_told():
    answer = 1 / np.log(10)
    assert check_answer(STEP, answer) == "Right."
    assert check_answer(STEP, 1.0).endswith("the quotient is 2.7. Try a lower one.")
    assert check_answer(STEP, 0.2, language="es").endswith("es 148,4. Prueba con una más alta.")
    with pytest.raises(ValueError, match="above 0, got 0"):
        check_answer(STEP, 0)


def test_the_language_of_a_notebook(tiny_model):
    try:
        speak("es")
        assert number(0.125, 2) == "0,12"
        with pytest.raises(ValueError, match="no note") as caught:
            next_step(tiny_model, "H9")
        assert told(caught.value).startswith("'H9' no es una nota")
    finally:
        speak()
    assert number(0.125, 2) == "0.12"


def test_a_mistake_in_a_cell_is_one_line(monkeypatch, capsys):
    shell = InteractiveShell()
    monkeypatch.setattr(speaking, "get_ipython", lambda: shell)
    try:
        speak("es")
        shell.run_cell("from melody_rnn.tunes.primers import parse_primer; parse_primer('sol4:2 H9')")
    finally:
        speak()
    captured = capsys.readouterr()
    assert (captured.out, len(captured.err.splitlines())) == ("", 1)
    assert captured.err.startswith("'H9' no es una nota; escribe")
