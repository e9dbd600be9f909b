from dataclasses import replace

import numpy as np
import pytest

from melody_rnn.config import CONFIGS
from melody_rnn.errors import InvalidArgumentError, ModelError
from melody_rnn.music.keys import Key
from melody_rnn.music.meters import Meter
from melody_rnn.tunes.cues import CUES, beat_weights, cue_sizes, cues_of
from melody_rnn.tunes.outline import (
    BarKind,
    Cadence,
    Outline,
    PlannedEnding,
    outline_of,
    plan_bars,
    stream_outline,
)
from melody_rnn.tunes.outline_bank import OutlineBank, fit, in_key
from melody_rnn.tunes.tune import Ending, Jump, Section, Tune

ENCODING = CONFIGS["tunes_rnn"].encoding
FIRST = (60, -2, 62, -2, 64, -2, 65, -2, 67, -2, -2, -2, 64, -2, -2, -2)
ALIKE = (*FIRST[:12], 60, -2, -2, -2)
RHYTHM = tuple(event + 5 if event >= 0 else event for event in FIRST)
NEW = (72, -2, -2, -2, -2, -2, -2, -2, 70, -2, -1, -2, 71, -2, 72, -2)


def named(cues):
    return {cue.name: cues[:, number] for number, cue in enumerate(CUES)}


def whole_tune():
    """A tune of two bars of pickup and four bars: A of two, played twice, and B of two that ends a quarter short."""
    pickup = (-2,) * 12 + (67, -2, -2, -2)
    events = (*pickup, *FIRST, *FIRST[:12], 67, -2, -2, -2, *NEW, *FIRST[:12])
    sections = (Section(12, "A", 2), Section(44, "B"))
    return Tune(events, pickup_steps=4, key=Key(1), sections=sections)


def test_how_bars_take_up_others():
    plans = plan_bars((*FIRST, *NEW, *FIRST, *ALIKE, *RHYTHM, *NEW[:6]), 16)
    assert [plan.kind for plan in plans] == [
        BarKind.NEW, BarKind.NEW, BarKind.SAME, BarKind.ALIKE, BarKind.RHYTHM, BarKind.SAME,
    ]  # fmt: skip
    # Of bars that are as like, the usual distance comes first; the last bar is compared as far as it goes.
    assert [plan.distance for plan in plans] == [0, 0, 2, 1, 4, 4]
    assert plan_bars((*FIRST, *NEW * 4, *FIRST), 16, reach=64)[-1].kind == BarKind.NEW
    assert plan_bars((), 16) == ()


def test_what_an_outline_tells():
    outline = outline_of(whole_tune(), transposition=-7)
    assert (outline.num_steps, outline.num_bars, outline.form, outline.pitches) == (76, 4, "AAB", (60, 72))
    assert outline.cadences == (Cadence(67, 4), Cadence(67, 4))
    assert [part.bars for part in outline.parts()] == [2, 2]
    assert outline.last_notes()[-1] == (72, 76, 67)
    played = outline.as_played_by_model()
    assert (played.key, played.pitches, played.transposition) == (Key(0).transpose(0), (53, 65), 0)


def test_cues_of_a_whole_tune():
    cues = named(cues_of(outline_of(whole_tune(), -7), 80, ENCODING))
    assert cues["bar"][[0, 15, 16, 32]].tolist() == [16, 16, 0, 1]
    assert cues["place"][[0, 15, 16]].tolist() == [0, 15, 0]
    assert cues["section"][[0, 12, 43, 44, 76]].tolist() == [1, 1, 1, 2, 0]
    assert cues["section_bars"][[12, 27, 28, 43, 44]].tolist() == [2, 2, 1, 1, 2]
    assert cues["tune_steps"][[43, 44, 75, 76]].tolist() == [0, 32, 1, 0]
    assert set(cues["tonic"]) == {Key(1).transpose(-7).tonic + 1}
    assert cues["weight"][:5].tolist() == [0, 4, 3, 4, 2]
    assert cues["kind"][16] == BarKind.NEW
    assert cues["next_kind"][75] == 5


def test_cues_of_last_notes_and_of_what_comes_next():
    sections = (Section(0, "A"), Section(64, "B"))
    outline = outline_of(Tune((*FIRST, *NEW, *FIRST, *ALIKE, *NEW, *NEW), key=Key(0), sections=sections))
    assert [plan.distance for plan in outline.bars] == [0, 0, 2, 1, 3, 4]
    # The tune's last bar is the same as the second one, which so holds its last note, too.
    assert outline.last_notes() == [(30, 32, 72), (60, 64, 60), (94, 96, 72)]
    cues = named(cues_of(outline, 96, ENCODING))
    assert cues["last_note"][[0, 31, 32, 64]].tolist() == [25, 25, 13, 25]
    assert cues["to_last_note"][[0, 29, 30, 31, 60, 63, 64]].tolist() == [31, 2, 1, 0, 1, 0, 31]
    # The third bar is the same as the first, the fourth like the third, the last the same as the second.
    assert cues["next"][[15, 16, 31, 32, 47, 79, 95]].tolist() == [0, 16, 31, 0, 15, 63, 0]


def test_an_ending_leads_back_to_its_section():
    ending = Ending((1,), 48, (60, -2, -2, -2) * 4)
    sections = (Section(16, "A", 2, (ending,)), Section(64, "B"))
    outline = outline_of(Tune((*FIRST, *FIRST, *NEW, *FIRST, *NEW), key=Key(0), sections=sections))
    (planned,) = outline.endings
    assert planned == PlannedEnding(0, (1,), 48, 16, Cadence(60, 4))
    again = outline.with_ending(planned)
    assert [(section.start, section.label) for section in again.sections] == [(16, "A"), (64, "A"), (112, "B")]
    assert (again.num_steps, again.cadences) == (128, (planned.cadence, *outline.cadences))
    # The ending is like the last one, which is the same as the bar before; then comes the section's first bar.
    assert outline.bars[3] == (BarKind.SAME, 2)
    assert again.bars[:5] == (*outline.bars[:3], (BarKind.ALIKE, 2), (BarKind.SAME, 3))


def test_what_is_not_known_is_zero_and_all_fits_its_column():
    outline = outline_of(whole_tune(), -7)
    sizes = np.array(cue_sizes(ENCODING))
    for known in ("meter", "form", "plan"):
        cues = cues_of(outline.known(known), 90, ENCODING)
        assert (cues[:, :-2] < sizes).all() and (cues >= 0).all()
    cues = named(cues_of(outline.known("meter"), 90, ENCODING))
    unknown = (
        "section_bars",
        "tune_bars",
        "section",
        "tune_steps",
        "tonic",
        "lowest",
        "kind",
        "last_note",
        "next",
        "source",
    )
    assert not any(cues[name].any() for name in unknown)
    assert not named(cues_of(outline.known("form"), 90, ENCODING))["kind"].any()
    long_bars = cues_of(Outline(Meter(18, 8)), 80, ENCODING)
    assert (long_bars[:, :-2] < sizes).all()


@pytest.mark.parametrize(
    ("meter", "weights"),
    [
        (Meter(6, 8), (0, 4, 3, 4, 3, 4, 1, 4, 3, 4, 3, 4)),
        (Meter(3, 4), (0, 4, 3, 4, 2, 4, 3, 4, 2, 4, 3, 4)),
        (Meter(2, 4), (0, 4, 3, 4, 1, 4, 3, 4)),
    ],
)
def test_how_heavy_steps_are(meter, weights):
    assert beat_weights(meter, 4) == weights


def test_sections_of_one_label_repeat_each_other():
    sections = (Section(0, "A"), Section(32, "B"), Section(64, "A"))
    outline = Outline(num_steps=92, sections=sections)
    assert outline.repeated_stretches(92) == [(64, 92, 64)]


def bank():
    outline = outline_of(whole_tune(), -7)
    other = replace(outline, meter=Meter(2, 4), jump=Jump(76, 0, 44), key=Key(-1, "minor"), opening=None)
    ending = PlannedEnding(0, (1, 3), 36, 10, Cadence(72, 4))
    other = replace(other, bars=other.bars * 2, pickup_steps=4, endings=(ending,))
    return OutlineBank([outline, other], 4)


def test_a_bank_comes_back_as_it_was():
    data = bank().to_bytes()
    assert data == bank().to_bytes()
    assert list(OutlineBank.from_bytes(data, 4)) == list(bank())


@pytest.mark.parametrize("cut", [0, 10, 200, -30])
def test_a_damaged_bank_is_refused(cut):
    with pytest.raises(ModelError, match="the outlines are damaged"):
        OutlineBank.from_bytes(bank().to_bytes()[:cut], 4)


def test_a_bank_with_any_byte_wrong_is_one_or_is_refused():
    good = bank().to_bytes()
    for place in range(0, len(good), 7):
        data = bytearray(good)
        data[place] ^= 0x15
        try:
            OutlineBank.from_bytes(bytes(data), 4)
        except ModelError as error:
            assert "the outlines are damaged" in str(error)


def test_what_is_drawn_depends_on_the_seed_and_the_number_alone():
    many = bank().draw(3, range(40))
    assert len(set(many)) == 2
    assert bank().draw(3, [7, 30]) == [many[7], many[30]]
    assert bank().draw(4, range(40)) != many
    assert bank().draw(3, range(4), lambda outline: False) == []


def test_outlines_are_moved_into_a_key_and_a_range():
    outline = outline_of(whole_tune(), -7)
    moved = in_key(outline, 2, "major")
    assert (moved.key, moved.pitches) == (Key(2), (55, 67))
    # Where the model plays it stays as it is.
    assert moved.as_played_by_model() == outline.as_played_by_model()
    high = fit(outline, (72, 90))
    assert high.pitches == (72, 84) and high.transposition == -19
    assert fit(outline, (60, 66)).pitches == (60, 66)


def test_a_pickup_is_shorter_than_a_bar():
    with pytest.raises(InvalidArgumentError, match="less than a bar, from 0 to 11, got 12"):
        stream_outline(Meter(3, 4), 12)
