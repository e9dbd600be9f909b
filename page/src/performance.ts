/** A written tune as it is played: repeats performed. */
import type { Frame } from './model/request';
import type { WrittenEnding } from './model/writer';
import { chordsWithin } from './files/layout';
import type { Chord, Melody } from './types';

const NO_EVENT = -2;
const NOTE_OFF = -1;

export interface Performance {
  melody: Melody;
  /** Which step of the written tune each step is, those of endings counted on from its end; -1 for silence. */
  steps: number[];
}

/**
 * Returns a tune as it is played. `passages` is that of its frame, nothing for a tune that is played as it is. Endings
 * that are not written yet are silent.
 */
export function perform(melody: Melody, passages: Frame['passages'], endings: readonly WrittenEnding[] = []): Performance {
  const written = melody.events.length;
  const all = [...melody.events, ...endings.flatMap(({ events }) => events)];
  const steps = passages.length ? passages.flatMap(stepsOf) : melody.events.map((_, step) => step);
  const sounds = soundingBefore(melody.events);
  const events = steps.map((step, place) => {
    const before = place > 0 ? steps[place - 1] : -1;
    // A note may be held over into an ending.
    const follows = (step === before + 1 && before >= 0) || step >= written;
    const event = step < 0 ? NO_EVENT : (all[step] ?? NO_EVENT);
    const isNew = step < 0 ? before >= 0 : !follows && !sounds[step];
    return isNew && event === NO_EVENT ? NOTE_OFF : event;
  });
  const before = soundingBefore(events);
  const heard = events.map((event, place) => (event === NOTE_OFF && !before[place] ? NO_EVENT : event));
  const chords = melody.chords && chordsOf(melody, passages, endings);
  return { melody: { ...melody, events: heard, form: undefined, chords }, steps };
}

/** Returns the step of the written tune in whose place a step of a performance is. */
export function placeOf(step: number, numSteps: number, endings: readonly WrittenEnding[]): number {
  let left = step - numSteps;
  if (left < 0) return step;
  for (const { start, events } of endings) {
    if (left < events.length) return Math.min(start + left, numSteps - 1);
    left -= events.length;
  }
  return numSteps - 1;
}

/** Returns the chord symbols of a tune as it is played. */
function chordsOf({ events, chords }: Melody, passages: Frame['passages'], endings: readonly WrittenEnding[]): Chord[] {
  if (!passages.length) return chords ?? [];
  const all = [...(chords ?? [])];
  let written = events.length;
  for (const ending of endings) {
    for (const { step, symbol } of ending.chords ?? []) all.push({ step: written + step, symbol });
    written += ending.events.length;
  }
  let now = 0;
  return passages.flatMap(([start, end]) => {
    const own = start < 0 ? [] : chordsWithin(all, start, end).map(({ step, symbol }) => ({ step: now + step, symbol }));
    now += start < 0 ? end : end - start;
    return own;
  });
}

function stepsOf([start, end]: [number, number]): number[] {
  if (start < 0) return new Array<number>(end).fill(-1);
  return Array.from({ length: end - start }, (_, place) => start + place);
}

/** Returns for each step whether a note sounds right before it. */
function soundingBefore(events: readonly number[]): boolean[] {
  let sounds = false;
  return events.map((event) => {
    const before = sounds;
    sounds = event >= 0 || (sounds && event === NO_EVENT);
    return before;
  });
}
