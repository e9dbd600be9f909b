"""Small files, each after a public bug report of a program that reads music: what the first melody in each is."""

import json
from pathlib import Path

import pytest

from melody_rnn.events import NO_EVENT, NOTE_OFF
from melody_rnn.tunes.files import read_tunes

CASES = Path(__file__).parents[1] / "data" / "cases"


def compact(events):
    """Returns events as 'pitch:steps', '-' for no event before the first note, 'off' for a note off."""
    words = []
    for event in events:
        if event != NO_EVENT or not words:
            words.append(["-" if event == NO_EVENT else "off" if event == NOTE_OFF else str(event), 0])
        words[-1][1] += 1
    return " ".join(f"{name}:{steps}" for name, steps in words)


@pytest.mark.parametrize("case", json.loads((CASES / "cases.json").read_text()), ids=lambda case: case["file"])
def test_what_is_in_a_file(case):
    tune = read_tunes(CASES / case["file"])[0]
    if "melody" in case:
        assert compact(tune.events) == case["melody"], case["why"]
    if "meter" in case:
        assert str(tune.meter) == case["meter"], case["why"]
    if "qpm" in case:
        assert tune.qpm == pytest.approx(case["qpm"], abs=1e-3), case["why"]


def test_a_tempo_in_one_part_distorts_no_other():
    _, second = read_tunes(CASES / "xml_tempo_part2.musicxml")
    assert compact(second.events).startswith("60:4 62:4 64:4 65:4")


def test_pickups_to_both_parts_of_a_tune_are_one_melody():
    (tune,) = read_tunes(CASES / "xml_two_parts_with_pickups.musicxml")
    assert (tune.form, tune.pickup_steps) == ("AABB", 4)
    played = tune.played()
    assert (len(played) - 16) % 16 in (0, 12)
    assert played.events[12:16] == tune.events[12:16]


def test_the_finest_ticks_of_all():
    (tune,) = read_tunes(CASES / "mid_fine_ticks.mid")
    assert len(tune.pitches) == 320
    assert len(tune) == 320 * 4


def test_a_held_note_above_others_is_the_melody():
    # It lasts longer than each of them, so that they are inner voices, in another track or not.
    assert compact(read_tunes(CASES / "mid_held_top.mid")[0].events).split()[0].endswith(":16")


def test_of_notes_that_overlap_the_later_one_takes_over():
    tune = read_tunes(CASES / "mid_overlap.mid")[0]
    assert len(tune.pitches) == 2
    assert -1 not in tune.events
