/** What stands in the roll: a beginning, or a tune with how each of its events was chosen. */
import { Writer, type Step, type WrittenEnding } from './model/writer';
import type { Frame, Primer, Request } from './model/request';
import type { Melody } from './types';

export interface Piece {
  melody: Melody;
  /** Of each step how it was chosen; undefined where it was given. */
  steps: (Step | undefined)[];
  passages: Frame['passages'];
  /** The endings of sections before their last pass; nothing while they are not written. */
  endings: readonly WrittenEnding[];
  /** What gives the piece again; null for a beginning, which nothing wrote. */
  request: Request | null;
  transposition: number;
}

/** Returns what a writer has written so far. */
export function pieceOf(writer: Writer): Piece {
  return {
    melody: { ...writer.melody, form: writer.form },
    steps: [...writer.steps],
    passages: writer.isWhole ? writer.frame.passages : [],
    endings: writer.endings,
    request: writer.again,
    transposition: writer.frame.transposition,
  };
}

/** Returns a beginning as a piece. */
export function pieceOfMelody(melody: Melody): Piece {
  return { melody, steps: melody.events.map(() => undefined), passages: [], endings: [], request: null, transposition: 0 };
}

export function primerOf(melody: Melody): Primer {
  const { events, meter, pickupSteps, quartersPerMinute, key } = melody;
  return { events, meter: meter.join('/'), pickupSteps, qpm: quartersPerMinute, key };
}

/** Returns the events of some bars as a request keeps them: where each stretch begins. */
export function kept(melody: Melody, bars: ReadonlySet<number>): [step: number, events: number[]][] {
  const { events, stepsPerBar } = melody;
  return [...bars]
    .sort((left, right) => left - right)
    .map((bar) => [bar * stepsPerBar, events.slice(bar * stepsPerBar, (bar + 1) * stepsPerBar)]);
}
