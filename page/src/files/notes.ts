import type { Melody } from '../types';

/** A note in steps from the melody's first event. */
export interface StepNote {
  start: number;
  end: number;
  pitch: number;
}

/** Returns the notes of a melody; the last one sounds up to its end if nothing ends it. */
export function notesOf(melody: Melody): StepNote[] {
  const notes: StepNote[] = [];
  let open: StepNote | undefined;
  melody.events.forEach((event, step) => {
    if (event === -2) return;
    if (open) open.end = step;
    open = event >= 0 ? { start: step, end: melody.events.length, pitch: event } : undefined;
    if (open) notes.push(open);
  });
  return notes;
}
