/** A note in steps from the melody's first event. */
export interface StepNote {
  start: number;
  end: number;
  pitch: number;
}

/** Returns the notes of events; the last one sounds up to their end if nothing ends it. */
export function notesOf(events: readonly number[]): StepNote[] {
  const notes: StepNote[] = [];
  let open: StepNote | undefined;
  events.forEach((event, step) => {
    if (event === -2) return;
    if (open) open.end = step;
    open = event >= 0 ? { start: step, end: events.length, pitch: event } : undefined;
    if (open) notes.push(open);
  });
  return notes;
}
