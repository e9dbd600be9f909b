export type Meter = [number, number];
/** A tune: events on the grid of sixteenths, one a step (-2 no event, -1 note off, 0..127 note on). */
export interface Melody { events: number[]; stepsPerBar: number; meter: Meter; quartersPerMinute: number; pickupSteps: number; key?: string; title?: string; }
