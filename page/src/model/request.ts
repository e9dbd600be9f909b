/** What a tune is asked for; the same request is the same tune. */
import type { Melody } from '../types';

export const MAX_SEED = 2 ** 32 - 1;

/** What a tune begins with. */
export interface Primer {
  events: number[];
  meter: string;
  pickupSteps: number;
  qpm: number;
  key?: string;
}

export interface Request {
  model: string;
  seed: number;
  /** From which generated step on which temperature holds; the first one from step 0. */
  temperatures: [step: number, temperature: number][];
  topP: number;
  /** The notes that a stream may have, or the key of a whole tune, such as 'D major'. */
  key?: string;
  meter?: string;
  /** Bars of a stream with its primer, or of a whole tune as it is played. */
  bars?: number;
  primer?: Primer;
  /** Whether the primer is the beginning of a whole tune. */
  hasForm?: boolean;
  /** The chords, as `parseProgression` reads them. */
  chords?: string;
  /** The place of a whole tune's outline; drawn where it is missing. */
  outline?: number;
  /** By how many semitones the model plays it elsewhere; worked out where it is missing. */
  transposition?: number;
  /** Where it was stopped, in steps; it goes to its end where this is missing. */
  stop?: number;
  /** Quarter notes a minute; what is usual where it is missing. */
  qpm?: number;
  /** Events that come for certain, as they sound: where each stretch of them begins. */
  keep?: [step: number, events: number[]][];
}

/** A tune as far as it is known before its notes are. */
export interface Frame {
  melody: Omit<Melody, 'events'>;
  /** Steps of the whole tune, the primer's included. */
  numSteps: number;
  transposition: number;
  /** What is played of it one after the other, as an outline has it; nothing where it is played as it is. */
  passages: [start: number, end: number][];
  outline?: number;
}
