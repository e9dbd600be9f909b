/** A written tune as it is played: repeats performed. */
import type { Frame } from './model/request';
import type { Melody } from './types';

const NO_EVENT = -2;
const NOTE_OFF = -1;

export interface Performance {
  melody: Melody;
  /** Which step of the written tune each step is; -1 for silence. */
  steps: number[];
}

/** Returns a tune as it is played; `passages` is that of its frame, nothing for a tune that is played as it is. */
export function perform(melody: Melody, passages: Frame['passages']): Performance {
  const steps = passages.length ? passages.flatMap(stepsOf) : melody.events.map((_, step) => step);
  const sounds = soundingBefore(melody.events);
  const events = steps.map((step, place) => {
    const follows = place > 0 && step === steps[place - 1] + 1 && steps[place - 1] >= 0;
    const event = step < 0 ? NO_EVENT : melody.events[step];
    const isNew = step < 0 ? place > 0 && steps[place - 1] >= 0 : !follows && !sounds[step];
    return isNew && event === NO_EVENT ? NOTE_OFF : event;
  });
  const before = soundingBefore(events);
  const heard = events.map((event, place) => (event === NOTE_OFF && !before[place] ? NO_EVENT : event));
  return { melody: { ...melody, events: heard }, steps };
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
