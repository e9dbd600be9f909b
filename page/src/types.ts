export type Meter = [number, number];

/** A tune: events on the grid of sixteenths, one a step (-2 no event, -1 note off, 0..127 note on). */
export interface Melody {
  events: number[];
  stepsPerBar: number;
  meter: Meter;
  quartersPerMinute: number;
  pickupSteps: number;
  key?: string;
  title?: string;
  /** How a tune that is written is played; nothing for one that is played as it is. */
  form?: Form;
  /** By step; each holds up to the next one. */
  chords?: Chord[];
}

/** A chord symbol as people write it, and the step where it begins. */
export interface Chord {
  step: number;
  symbol: string;
}

export interface Form {
  /** By start; at least one. */
  sections: Section[];
  /** A da capo or dal segno: after step `after`, steps `start` to `end` are played again. */
  jump: [after: number, start: number, end: number] | null;
}

/** A part of a tune, up to the next one's start. */
export interface Section {
  start: number;
  label: string;
  times: number;
  endings: Ending[];
}

/** How a section ends on passes before its last one. */
export interface Ending {
  /** From 1. */
  passes: number[];
  /** The step of the tune from which on it takes the place of what the section has there. */
  start: number;
  events: number[];
  /** Their steps count from its own first one. */
  chords?: Chord[];
  /** What its first step counts as: those of endings count on from the tune's end, one ending after the other. */
  number: number;
}
