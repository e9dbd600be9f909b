/** Where a model feels at home with a beginning: `melody_rnn/music/transposition.py`, whose results tests compare. */
const MAJOR = [0, 2, 4, 5, 7, 9, 11];
const OCTAVE = 12;

/** Returns a pitch class from 0 to 11. */
export function pitchClass(pitch: number): number {
  return ((pitch % OCTAVE) + OCTAVE) % OCTAVE;
}

/** Returns the tonic of the major key that has most of the notes; of equals the lowest. */
export function majorKey(events: readonly number[]): number {
  const counts: number[] = new Array(OCTAVE).fill(0);
  for (const event of events) if (event >= 0) counts[pitchClass(event)]++;
  const inKey = counts.map((_, tonic) => MAJOR.reduce((sum, degree) => sum + counts[pitchClass(tonic + degree)], 0));
  return inKey.indexOf(Math.max(...inKey));
}

/** Returns by how many semitones to move a melody so that it is in the model's key, in the middle of its range. */
export function homeTransposition(
  events: readonly number[],
  minNote: number,
  maxNote: number,
  home: number | null,
): number {
  const pitches = events.filter((event) => event >= 0);
  if (home === null || pitches.length === 0) return 0;
  const toKey = home - majorKey(events);
  const centre = (Math.min(...pitches) + Math.max(...pitches)) / 2;
  const middle = (minNote + maxNote - 1) / 2;
  return toKey + OCTAVE * roundHalfEven((middle - (centre + toKey)) / OCTAVE);
}

/** Returns an event `amount` semitones higher, folded by octaves into a range. */
export function transpose(event: number, amount: number, minNote = 0, maxNote = 128): number {
  if (event < 0) return event;
  const moved = event + amount;
  if (moved < minNote) return minNote + pitchClass(moved - minNote);
  if (moved >= maxNote) return maxNote - OCTAVE + pitchClass(moved - maxNote);
  return moved;
}

/** Returns a number rounded as Python does. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
