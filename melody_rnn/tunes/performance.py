"""Repeats performed, and passes of one section brought together again."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby, pairwise
from typing import NamedTuple

from melody_rnn.events import NO_EVENT, NOTE_OFF
from melody_rnn.tunes.tune import Chord, Ending, Section, Tune, section_ends


class _Passage(NamedTuple):
    """Steps to play: of the tune, or of an ending if there is one.

    Attributes:
        start: The first one.
        end: The step after the last one.
        ending: The ending, whose steps count from its own first one, or None.
        label: The label of the section that begins with it, or None.
        at: The step of the tune in whose place it is played; it tells where in a bar it belongs.
        number: What its first step counts as; see `played_steps`.
    """

    start: int
    end: int
    ending: Ending | None
    label: str | None
    at: int
    number: int


def perform(tune: Tune) -> Tune:
    """Returns a tune with repeats, endings and da capo performed; see `Tune.played`."""
    if not tune.jump and all(section.times == 1 for section in tune.sections):
        return tune
    stage = _Stage(tune)
    for passage in _passages(tune):
        stage.play(passage)
    return stage.tune()


def played_steps(tune: Tune) -> list[int]:
    """Returns which step of a tune each step of it performed is; -1 for silence between sections.

    The steps of its endings count on from the end of the tune, one ending after the other.
    """
    stage = _Stage(tune)
    for passage in _passages(tune):
        stage.play(passage)
    return stage.sources


def fold(tune: Tune) -> Tune:
    """Returns a tune with passes of one section, one after the other, brought together; see `Tune.written`.

    Passes may end in different ways, from the start of a bar in their second half on; sections that differ before that
    are left apart.
    """
    if tune.jump or any(section.times > 1 for section in tune.sections) or len(tune.sections) < 2:
        return tune
    spans = list(zip(tune.sections, section_ends(tune.sections, len(tune)), strict=True))
    kept: list[tuple[Section, int]] = []
    for _, group in groupby(spans, key=lambda span: span[0].label):
        kept += _fold_group(tune, list(group))
    return _keep(tune, kept)


class _Stage:
    """What has been played so far, step by step.

    Attributes:
        sources: The step of the tune that each step is, as in `played_steps`.
    """

    def __init__(self, tune: Tune) -> None:
        self._tune = tune
        self._bar = tune.steps_per_bar
        self._events = [NO_EVENT] * tune.first_step
        self.sources = [-1] * tune.first_step
        self._chords: list[Chord] = []
        self._sections: list[Section] = []
        self._sounds = _sounding_before(tune.events)

    def play(self, passage: _Passage) -> None:
        """Adds some steps, after what brings them to their place in the bar."""
        self._align(passage.at)
        if passage.label is not None:
            self._sections.append(Section(len(self._events), passage.label))
        base = len(self._events) - passage.start
        source = passage.ending or self._tune
        self._chords += [
            chord._replace(step=chord.step + base)
            for chord in source.chords
            if passage.start <= chord.step < passage.end
        ]
        own = list(source.events[passage.start : passage.end])
        # Where a passage lies beyond the tune's steps there is nothing to hold over.
        if own and own[0] == NO_EVENT and passage.ending is None and not self._sounds[passage.start]:
            own[0] = NOTE_OFF
        self._events += own
        self.sources += range(passage.number, passage.number + passage.end - passage.start)

    def tune(self) -> Tune:
        """Returns what was played."""
        given, probabilities = self._tune.given, self._tune.probabilities
        return replace(
            self._tune,
            events=tuple(_without_idle_offs(self._events)),
            sections=tuple(self._sections),
            jump=None,
            chords=tuple(self._chords),
            given=tuple(self._is_own(source) and given[source] for source in self.sources) if given else (),
            probabilities=tuple(
                probabilities[source] if self._is_own(source) else float("nan") for source in self.sources
            )
            if probabilities
            else (),
        )

    def _is_own(self, source: int) -> bool:
        """Returns whether a step is one of the tune's, and not of an ending or of silence."""
        return 0 <= source < len(self._tune)

    def _align(self, at: int) -> None:
        """Takes steps off the last note, or puts silence in, so that bars stay whole: as `formats.grid` has it."""
        excess = (len(self._events) - at) % self._bar
        if not excess:
            return
        if excess < self._bar / 2 and len(self._events) > excess and all(e < 0 for e in self._events[-excess:]):
            del self._events[-excess:], self.sources[-excess:]
            return
        missing = self._bar - excess
        self._events += [NOTE_OFF, *[NO_EVENT] * (missing - 1)]
        self.sources += [-1] * missing


def _passages(tune: Tune) -> Iterator[_Passage]:
    sections = tune.sections or (Section(tune.first_step),)
    num_before = len(tune)
    for section, following in pairwise([*sections, None]):
        assert section is not None
        end = following.start if following else len(tune)
        start = max(section.start, tune.first_step)
        firsts = list(accumulate((len(ending.events) for ending in section.endings), initial=num_before))
        for number in range(1, section.times + 1):
            own = next((place for place, ending in enumerate(section.endings) if number in ending.passes), None)
            if own is None or number == section.times:
                yield _Passage(start, end, None, section.label, start, start)
            else:
                ending = section.endings[own]
                yield _Passage(start, ending.start, None, section.label, start, start)
                yield _Passage(0, len(ending.events), ending, None, ending.start, firsts[own])
        num_before = firsts[-1]
        if tune.jump and start < tune.jump.after <= end:
            yield from _again(tune, sections)


def _again(tune: Tune, sections: Sequence[Section]) -> Iterator[_Passage]:
    """Yields what a da capo plays again, each section once."""
    assert tune.jump is not None
    _, first, last = tune.jump
    for section, following in pairwise([*sections, None]):
        assert section is not None
        start = max(section.start, first, tune.first_step)
        end = min(following.start if following else len(tune), last)
        if start < end:
            yield _Passage(start, end, None, section.label, start, start)


def _sounding_before(events: Sequence[int]) -> list[bool]:
    """Returns for each step whether a note sounds right before it."""
    sounds, now = [], False
    for event in events:
        sounds.append(now)
        now = event >= 0 or (now and event == NO_EVENT)
    return sounds


def _without_idle_offs(events: Sequence[int]) -> list[int]:
    """Returns events without note offs where nothing sounds."""
    return [
        NO_EVENT if event == NOTE_OFF and not sounds else event
        for event, sounds in zip(events, _sounding_before(events), strict=True)
    ]


@dataclass(frozen=True)
class _Pass:
    """One pass of a section: its place and its music."""

    section: Section
    end: int
    events: tuple[int, ...]
    chords: tuple[Chord, ...]


def _fold_group(tune: Tune, spans: Sequence[tuple[Section, int]]) -> list[tuple[Section, int]]:
    """Returns the sections that stand for some passes of one label, each with the end of its last pass."""
    folded: list[tuple[Section, int]] = []
    passes = [_pass(tune, *span) for span in spans]
    run = [passes[0]]
    for own in passes[1:]:
        if all(_common_steps(tune, earlier, own) is not None for earlier in run):
            run.append(own)
        else:
            folded.append(_fold_run(tune, run))
            run = [own]
    return [*folded, _fold_run(tune, run)]


def _pass(tune: Tune, section: Section, end: int) -> _Pass:
    chords = (c._replace(step=c.step - section.start) for c in tune.chords if section.start <= c.step < end)
    first = tune.events[section.start : section.start + 1]
    # A pass that begins with silence has a note off there only if something sounded before.
    start = tuple(NO_EVENT if event < 0 else event for event in first)
    return _Pass(section, end, start + tune.events[section.start + 1 : end], tuple(chords))


def _common_steps(tune: Tune, one: _Pass, other: _Pass) -> int | None:
    """Returns how many steps two passes share, all or up to a bar's start; None if they are not passes of the same."""
    if _without_rest(one.events) == _without_rest(other.events) and one.chords == other.chords:
        return min(len(one.events), len(other.events))
    if one.section.start % tune.steps_per_bar != other.section.start % tune.steps_per_bar:
        return None
    shortest = min(len(one.events), len(other.events))
    differing = next((k for k in range(shortest) if one.events[k] != other.events[k]), shortest)
    chords = {chord.step for chord in set(one.chords) ^ set(other.chords)}
    differing = min([differing, *chords])
    step = one.section.start + differing
    common = differing - step % tune.steps_per_bar
    return common if common > 0 and 2 * common >= shortest else None


def _without_rest(events: tuple[int, ...]) -> tuple[int, ...]:
    """Returns events up to the last note's start: how long passes last differs where pickups follow or not."""
    return events[: next((step for step in range(len(events), 0, -1) if events[step - 1] >= 0), 0)]


def _fold_run(tune: Tune, run: Sequence[_Pass]) -> tuple[Section, int]:
    last = run[-1]
    common = min(_common_steps(tune, own, last) or 0 for own in run)
    if all(_without_rest(own.events) == _without_rest(last.events) and own.chords == last.chords for own in run):
        return replace(last.section, times=len(run)), last.end
    groups: dict[tuple[tuple[int, ...], tuple[Chord, ...]], list[int]] = {}
    for number, own in enumerate(run[:-1], start=1):
        chords = tuple(chord._replace(step=chord.step - common) for chord in own.chords if chord.step >= common)
        groups.setdefault((own.events[common:], chords), []).append(number)
    endings = tuple(
        Ending(tuple(numbers), last.section.start + common, *music)
        for music, numbers in groups.items()
        if music[0] != last.events[common:]
    )
    return replace(last.section, times=len(run), endings=endings), last.end


def _keep(tune: Tune, kept: Sequence[tuple[Section, int]]) -> Tune:
    """Returns a tune with some of its sections only, moved together."""
    stage = _Stage(replace(tune, sections=()))
    sections = []
    for section, end in kept:
        stage.play(_Passage(section.start, end, None, section.label, section.start, section.start))
        sections.append((section, end))
    folded = stage.tune()
    moved = []
    for new, (section, _) in zip(folded.sections, sections, strict=True):
        shift = new.start - section.start
        endings = tuple(replace(ending, start=ending.start + shift) for ending in section.endings)
        moved.append(replace(section, start=new.start, endings=endings))
    return replace(folded, sections=tuple(moved))
