from itertools import accumulate

from melody_rnn.formats.grid import Pad, find_pads


def pads(*lengths: float, bar: float = 4, notes_a_quarter: int = 1) -> list[Pad]:
    starts = [0.0, *accumulate(lengths)]
    note_starts = [number / notes_a_quarter for number in range(int(starts[-1] * notes_a_quarter))]
    return find_pads(starts, bar, note_starts)


def test_whole_bars_need_nothing():
    assert pads(4, 4, 8, 4) == []


def test_a_pickup_is_padded_before():
    assert pads(1, 4, 4) == [Pad(0, 3)]


def test_a_long_pickup_is_padded_before_too():
    assert pads(3, 4, 4) == [Pad(0, 1)]


def test_an_end_and_a_pickup_that_make_a_bar_are_left_alone():
    assert pads(4, 3, 1, 4, 4) == []


def test_a_mistake_after_an_end_and_a_pickup_is_filled_up_where_it_is():
    assert pads(4, 3, 1, 3, 4) == [Pad(11, 1)]
    assert pads(4, 3, 1, 4, 4, 3, 1, 1, 4) == [Pad(20, 3)]


def test_a_short_bar_is_filled_up_after_it():
    assert pads(4, 3, 4, 4) == [Pad(7, 1)]


def test_a_half_bar_alone_is_taken_for_a_pickup():
    assert pads(4, 2, 4) == [Pad(4, 2)]


def test_a_part_without_the_time_for_the_next_pickup_is_filled_up_between_them():
    assert pads(4, 2, 1, 4) == [Pad(6, 1)]


def test_a_long_note_gives_way_to_a_pickup_after_a_whole_bar():
    starts = [0.0, 4, 8, 9, 13, 17]
    assert find_pads(starts, 4, [0, 4, 8, 9, 13]) == [Pad(8, -1)]


def test_a_short_note_does_not_give_way():
    assert pads(4, 4, 1, 4, 4, notes_a_quarter=2) == [Pad(8, 3)]


def test_the_end_may_be_short():
    assert pads(4, 4, 1) == []


def test_times_of_fast_tuplets_are_rounded():
    assert pads(4.003, 3.997, 4) == []
