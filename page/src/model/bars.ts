/** How bars take up earlier ones: `plan_bars` and `Outline.last_notes` of `melody_rnn/tunes/outline.py`. */
import type { Cadence } from './knowledge';

/** How a bar takes up another: `BarKind` of the Python package. */
export const [NEW, RHYTHM, ALIKE, SAME] = [1, 2, 3, 4];

/** How a bar takes up another, and how many bars ago that one is. */
export interface BarPlan {
  kind: number;
  distance: number;
}

const REACH_STEPS = 256;
const ALIKE_SHARE = 0.5;
/** Of several bars that are as like, the one so many bars ago comes first; then the nearest. */
const USUAL_DISTANCES = [8, 4, 2, 1, 16, 12, 6, 3];

/** Returns how each bar of a melody takes up an earlier one; a last bar that is not whole is compared as far as it goes. */
export function planBars(events: readonly number[], stepsPerBar: number): BarPlan[] {
  const starts = Array.from({ length: Math.ceil(events.length / stepsPerBar) }, (_, bar) => bar * stepsPerBar);
  const bars = starts.map((start) => events.slice(start, start + stepsPerBar));
  return bars.map((own, number) => {
    let best: BarPlan = { kind: NEW, distance: 0 };
    let most = 0;
    if (numNotes(own) === 0) return best;
    for (let distance = 1; distance <= Math.min(number, Math.floor(REACH_STEPS / stepsPerBar)); distance++) {
      const { kind, share } = compare(own, bars[number - distance]);
      const likeness = kind > NEW ? kind + share / 2 - oddness(distance) : 0;
      if (likeness > most) [best, most] = [{ kind, distance }, likeness];
    }
    return best;
  });
}

function compare(own: readonly number[], earlier: readonly number[]): { kind: number; share: number } {
  const same = own.filter((event, step) => event >= 0 && event === earlier[step]).length;
  const share = same / Math.max(numNotes(own), numNotes(earlier.slice(0, own.length)), 1);
  if (own.every((event, step) => event === earlier[step])) return { kind: SAME, share };
  if (share >= ALIKE_SHARE) return { kind: ALIKE, share };
  const hasRhythm = own.every((event, step) => Math.min(event, 0) === Math.min(earlier[step], 0));
  return { kind: hasRhythm ? RHYTHM : NEW, share };
}

/** Returns how unusual it is to take up a bar so long ago, a number too small to outweigh likeness. */
function oddness(distance: number): number {
  const usual = USUAL_DISTANCES.indexOf(distance);
  return (usual < 0 ? distance + USUAL_DISTANCES.length : usual) * 1e-6;
}

function numNotes(events: readonly number[]): number {
  return events.filter((event) => event >= 0).length;
}

/** Returns the last notes of sections, and of bars that are planned to be the same as a section's last one. */
export function lastNotes(cadences: readonly Cadence[], bars: readonly BarPlan[], stepsPerBar: number): Cadence[] {
  const notes = new Map<number, Cadence>();
  for (const cadence of cadences) {
    let [first, end] = cadence;
    const pitch = cadence[2];
    notes.set(first, [first, end, pitch]);
    let bar = Math.floor((end - 1) / stepsPerBar);
    const isWithin = Math.floor(first / stepsPerBar) === bar;
    while (isWithin && bars[bar]?.kind === SAME) {
      const { distance } = bars[bar];
      [first, end, bar] = [first - distance * stepsPerBar, end - distance * stepsPerBar, bar - distance];
      if (!notes.has(first)) notes.set(first, [first, end, pitch]);
    }
  }
  return [...notes.values()].sort(([left], [right]) => left - right);
}
