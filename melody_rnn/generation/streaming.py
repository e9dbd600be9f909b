"""A tune that comes event by event, and can be steered while it does."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from melody_rnn.generation.beginning import Beginning, fixed_of, sounding_pitches
from melody_rnn.generation.guidance import GuidedStep
from melody_rnn.generation.request import Request
from melody_rnn.generation.rules import Rules
from melody_rnn.generation.stepping import Walk
from melody_rnn.litert.description import Step
from melody_rnn.music.transposition import transpose
from melody_rnn.sampling.automaton import Automaton, Guide, Situation
from melody_rnn.sampling.constraints import Constraints
from melody_rnn.sampling.sampler import SamplerSettings, gumbel, noise_of
from melody_rnn.sampling.schedule import Steps
from melody_rnn.tunes.line import rest_at_end
from melody_rnn.tunes.outline import Outline
from melody_rnn.tunes.tune import Tune

_ROW = np.array([0])


@dataclass(frozen=True)
class _Change:
    """Constraints that are to hold from a step on, and their automaton; None for none."""

    constraints: Constraints | None
    first: int
    automaton: Automaton | None


class Stream(Iterator[int]):
    """The events of one tune, each chosen when it is asked for; `MelodyRNN.stream` makes it.

    Events are as they sound: -2 no event, -1 note off, 0..127 note on, one a step. The events of the primer are not
    given again; a first note that was drawn is. As long as nothing is steered, the events are those that
    `MelodyRNN.generate` gives for the same seed without looking ahead.

    `steer`, `constrain` and `stop` may be called between two events, or from another thread.

    Attributes:
        played: All events so far, as the model plays them.
    """

    def __init__(
        self,
        step: Step | GuidedStep,
        request: Request,
        beginning: Beginning,
        sampler: SamplerSettings,
        seed: int,
        finish: Callable[["Stream"], Tune],
    ) -> None:
        """Takes in what is given; nothing is chosen yet.

        Args:
            step: The model's step, or with its guide's.
            request: What is asked for, of one tune.
            beginning: What it starts from.
            sampler: The settings.
            seed: Of the run.
            finish: Makes a tune of what there is.
        """
        self._request = request
        self._sampler = sampler
        self._seed = seed
        self._finish = finish
        self._num_classes = step.description.num_classes
        self.played: list[int] = beginning.start.events[0].tolist()
        self._sounding = list(request.primer.events) if request.primer else self._as_it_sounds(self.played)
        self._controls = self._settings(sampler)
        self._change: _Change | None = None
        self._is_steered = self._is_stopped = False
        start, guide = beginning
        fixed, min_note = start.fixed, request.config.encoding.min_note
        rules = Rules(self._controls, guide, fixed, start.ends_note, min_note)
        self._walk = Walk(step, start, _ROW, request.num_new_steps, rules)
        self._events = self._choose()

    def __next__(self) -> int:
        """Returns the next event.

        Raises:
            StopIteration: At the tune's end, or after `stop`.
            GenerationError: If the model gives logits that are not finite.
        """
        return next(self._events)

    @property
    def events(self) -> tuple[int, ...]:
        """All events so far, the primer's included."""
        return tuple(self._sounding)

    @property
    def outline(self) -> Outline:
        """What is known of the tune beforehand: its meter, and of a whole tune its form and key."""
        return self._request.outlines[0]

    @property
    def num_steps(self) -> int:
        """Steps of the tune, if it is not stopped before."""
        return self._request.lengths[0]

    @property
    def seed(self) -> int:
        """The seed."""
        return self._seed

    @property
    def sampler(self) -> SamplerSettings:
        """The settings of the next event."""
        return self._sampler

    @property
    def is_steered(self) -> bool:
        """Whether anything was changed on the way, so that the seed does not give the tune again."""
        return self._is_steered

    @property
    def is_whole(self) -> bool:
        """Whether all events have been chosen."""
        return len(self._sounding) == self.num_steps

    def tune(self) -> Tune:
        """Returns what there is as a tune; at the end, the one that `MelodyRNN.generate` makes.

        A tune that is not whole has no sections.
        """
        return self._finish(self)

    def steer(self, sampler: SamplerSettings | None = None, **settings: Any) -> None:
        """Sets how events are chosen, from the next one on.

        Args:
            sampler: All of the settings; where not given, those that hold.
            settings: Fields of `SamplerSettings` that are set anew, such as temperature or top_p. A `Schedule` counts
                from where the stream began.

        Raises:
            InvalidArgumentError: If a setting is out of its range; nothing has changed then.
        """
        wanted = replace(sampler or self._sampler, **settings)
        self._controls, self._sampler, self._is_steered = self._settings(wanted), wanted, True

    def constrain(self, constraints: Constraints | None) -> None:
        """Sets what the tune must be like from its next bar on, in place of what held.

        What an outline fixes of a whole tune goes before constraints.

        Args:
            constraints: What must hold to the end; None for nothing. What lies before the bar counts for the first leap
                and the first rest where it leaves anything possible.

        Raises:
            ConstraintError: If they leave no event possible; nothing has changed then.
            InvalidArgumentError: If the rhythm does not fit the bar, or events to keep lie before the next bar.
        """
        per_bar = self.outline.steps_per_bar
        first = -(-len(self._sounding) // per_bar) * per_bar
        if first >= self.num_steps:
            return
        if constraints is not None and not constraints.given():
            constraints = None
        situation = Situation(sounding_pitches(self._request), Steps(first, self.num_steps - first, per_bar))
        automaton = Automaton(constraints, situation) if constraints else None
        self._change, self._is_steered = _Change(constraints, first, automaton), True

    def stop(self) -> None:
        """Ends the stream; the iterator gives no more events."""
        self._is_stopped = True

    def _settings(self, sampler: SamplerSettings) -> Any:
        request = self._request
        return sampler.controls(1, [request.steps()]).of_rows(_ROW, request.num_new_steps)

    def _choose(self) -> Iterator[int]:
        """Yields the events, the opening that was drawn first."""
        if self._request.primer is None:
            yield from self._sounding[:]
        noise = noise_of(self._seed, self._request.numbers[0], self._num_classes)
        while not self._is_stopped and not self.is_whole:
            self._take_up_changes()
            choice = self._walk.choose(gumbel(next(noise)[np.newaxis]))
            played = choice.event.tolist()
            self.played += played
            self._sounding += self._as_it_sounds(played)
            yield self._sounding[-1]

    def _take_up_changes(self) -> None:
        rules, change = self._walk.rules, self._change
        is_due = change is not None and len(self._sounding) >= change.first
        if not is_due and rules.controls is self._controls:
            return
        rules = rules._replace(controls=self._controls)
        if rules.guide:
            rules = rules._replace(guide=rules.guide._replace(state=self._walk.state.place))
        if change is not None and is_due:
            own = replace(self._request, constraints=change.constraints)
            rules = rules._replace(guide=self._guide(change), fixed=fixed_of(own))
            self._change = None
        self._walk.change_rules(rules, np.array([self.played], np.int32))

    def _guide(self, change: _Change) -> Guide | None:
        if change.automaton is None:
            return None
        pitch = next((event for event in reversed(self._sounding) if event >= 0), None)
        num_before = change.first - self._request.num_given
        return change.automaton.guide_from(len(self._sounding), pitch, rest_at_end(self._sounding), num_before)

    def _as_it_sounds(self, played: list[int]) -> list[int]:
        events: list[int] = transpose(played, -self.outline.transposition).tolist()
        return events
