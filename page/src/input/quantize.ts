import type { Melody, Meter } from '../types';

/** A note as it was played; times in seconds from the beginning. */
export interface PlayedNote {
  pitch: number;
  start: number;
  end: number;
}

/** Notes so close to each other are a chord. */
const CHORD_SECONDS = 0.04;

/**
 * Returns played notes as a melody on the grid of sixteenths: the highest note of a chord, a note that comes too soon for
 * a step of its own on the next one, and no rest of a single step where a key was only let go early.
 */
export function quantize(notes: PlayedNote[], quartersPerMinute: number, stepsPerBar: number): Melody {
  const secondsPerStep = 15 / quartersPerMinute;
  const toStep = (seconds: number): number => Math.max(0, Math.floor(seconds / secondsPerStep + 0.5));
  const line: { pitch: number; start: number; end: number; seconds: number }[] = [];
  for (const { pitch, start, end } of [...notes].sort((a, b) => a.start - b.start)) {
    const last = line[line.length - 1];
    if (last && start - last.seconds < CHORD_SECONDS) {
      last.pitch = Math.max(last.pitch, pitch);
      last.end = Math.max(last.end, toStep(end));
      continue;
    }
    const first = Math.max(toStep(start), last ? last.start + 1 : 0);
    line.push({ pitch, start: first, end: Math.max(first + 1, toStep(end)), seconds: start });
  }
  const events = new Array<number>(line.length ? line[line.length - 1].end : 0).fill(-2);
  line.forEach(({ pitch, start, end }, number) => {
    const following = line[number + 1];
    events[start] = pitch;
    if (following && end + 1 < following.start) events[end] = -1;
  });
  return { events, stepsPerBar, meter: plainestMeter(stepsPerBar), quartersPerMinute, pickupSteps: 0 };
}

/** Returns the plainest meter of a bar: quarters where they fill it, else the next shorter note that does. */
function plainestMeter(stepsPerBar: number): Meter {
  const beatType = stepsPerBar % 4 === 0 ? 4 : stepsPerBar % 2 === 0 ? 8 : 16;
  return [(stepsPerBar * beatType) / 16, beatType];
}
