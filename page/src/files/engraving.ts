/**
 * Bars as notation writes them: notes and rests split at bar lines and beats, tied and dotted; the rules of the Python
 * package's `formats/note_values.py` and `formats/beams.py`. Times are in steps, sixteenths.
 *
 * A note may be written as one where it begins on a place as strong as any that it covers, or ends on a stronger one. A
 * note as long as a beat may be syncopated across a beat that does not halve the bar. Where the beats of a meter have
 * three parts, or not all the same number, only what begins and ends on beats goes across one.
 */
import type { Melody, Meter } from '../types';
import { parseKey, spell, type Spelled } from './keys';
import { layOut, type Bar } from './layout';

/** A note head, or a rest if it has no name. */
export interface Item {
  start: number;
  /** The step of the tune that it begins on; see `Layout.steps`. */
  step: number;
  length: number;
  name?: Spelled;
  /** The chord symbol over it. */
  chord?: string;
  /** Whether a tie leads to the next item. */
  isTied: boolean;
  /** Whether a tie leads here. */
  isHeld: boolean;
}

/** A bar; its beats count from `origin`, which for a pickup lies where a whole bar would have begun. */
export interface EngravedBar extends Bar {
  origin: number;
  isWhole: boolean;
  items: Item[];
}

interface Piece {
  start: number;
  length: number;
}

/** Lengths that one note head has, without a dot and with one. */
const VALUES = [32, 16, 8, 4, 2, 1, 48, 24, 12, 6, 3];
const [BAR_LINE, HALF, BEAT, PART, WEAKEST] = [0, 1, 2, 3, 9];

/** Returns the bars of a tune, the last one filled with silence; it may be short by the pickup. */
export function engrave(melody: Melody): EngravedBar[] {
  const { stepsPerBar, meter } = melody;
  const key = parseKey(melody.key);
  const { bars, notes, chords, steps } = layOut(melody);
  const symbols = new Map(chords.map(({ step, symbol }) => [step, symbol]));
  const spans: (Piece & { pitch?: number })[] = [];
  let now = 0;
  for (const { start, end, pitch } of notes) {
    if (start > now) spans.push({ start: now, length: start - now });
    spans.push({ start, length: end - start, pitch });
    now = end;
  }
  if (now < steps.length) spans.push({ start: now, length: steps.length - now });
  return bars.map((bar, number) => {
    const isWhole = bar.end - bar.start === stepsPerBar;
    const leadsOn = !isWhole && number + 1 < bars.length && beginsSection(bars[number - 1], bar);
    const origin = leadsOn ? bar.end - stepsPerBar : bar.start;
    const items = spans.flatMap((span) =>
      itemsWithin(span, bar.start, bar.end, origin, meter, [...symbols.keys()]).map((item) => {
        return { ...item, step: steps[item.start], chord: symbols.get(item.start), name: nameOf(span.pitch) };
      }),
    );
    return { ...bar, origin, isWhole, items };
  });

  function nameOf(pitch: number | undefined): Spelled | undefined {
    return pitch === undefined ? undefined : spell(pitch, key);
  }
}

/** Returns whether something new begins with a bar. */
export function beginsSection(before: Bar | undefined, bar: Bar): boolean {
  if (!before || bar.opensRepeat || bar.label) return true;
  return (before.isDouble || before.times > 1) && !bar.endings.length;
}

/**
 * Returns the bars that begin a line of so many: each section does, and no line has a bar alone. Pickups do not count, nor
 * do endings after the first one, which stand in its line.
 */
export function lineStarts(bars: readonly EngravedBar[], barsPerLine: number): Set<number> {
  const starts = new Set<number>();
  let counted: number[] = [];
  let [first, endings] = [0, 0];
  const close = (): void => {
    for (let place = barsPerLine; place < counted.length - 1; place += barsPerLine) starts.add(counted[place]);
    counted = [];
    endings = 0;
  };
  bars.forEach((bar, number) => {
    // A pickup before the sign of a repeat begins the line of what it leads to.
    const isLedTo = number > 0 && first === number - 1 && bars[first].origin < bars[first].start && !bar.label;
    if (beginsSection(bars[number - 1], bar) && !isLedTo) {
      close();
      starts.add(number);
      first = number;
    }
    endings += bar.endings.length ? 1 : 0;
    if (bar.origin === bar.start && endings < 2) counted.push(number);
  });
  close();
  return starts;
}

/** Returns whether a bar is whole and nothing but silence. */
export function isSilent(bar: EngravedBar): boolean {
  return bar.isWhole && bar.items.length === 1 && !bar.items[0].name;
}

/** Returns for each item of a bar the number of the group that it lies in; beams join notes of one group. */
export function groupNumbers(bar: EngravedBar, meter: Meter): number[] {
  const starts = groupStarts(bar, meter);
  return bar.items.map((item) => starts.filter((start) => start <= item.start - bar.origin).length);
}

/** Returns what writes a span within a bar; it is split where chords stand. */
function itemsWithin(
  span: Piece & { pitch?: number },
  barStart: number,
  barEnd: number,
  origin: number,
  meter: Meter,
  splits: readonly number[],
): Omit<Item, 'step'>[] {
  const start = Math.max(span.start, barStart);
  const end = Math.min(span.start + span.length, barEnd);
  if (start >= end) return [];
  const isRest = span.pitch === undefined;
  const cuts = [start, ...splits.filter((place) => place > start && place < end), end];
  const isWholeBar = isRest && cuts.length === 2 && start === origin && end - origin === barSteps(meter);
  const parts = cuts.slice(1).flatMap((cut, place) => split(cuts[place] - origin, cut - origin, meter, isRest));
  const pieces = isWholeBar ? [{ start: 0, length: end - start }] : parts;
  return pieces.map((piece, place) => ({
    start: origin + piece.start,
    length: piece.length,
    isTied: !isRest && (place + 1 < pieces.length || end < span.start + span.length),
    isHeld: !isRest && (place > 0 || start > span.start),
  }));
}

/** Returns the fewest values that write a length within a bar, split at the strongest places. */
function split(start: number, end: number, meter: Meter, isRest: boolean): Piece[] {
  let reached = new Map([[start, { weakness: 0, pieces: [] as Piece[] }]]);
  for (;;) {
    const after: typeof reached = new Map();
    for (const [place, { weakness, pieces }] of reached) {
      for (const length of VALUES) {
        const following = place + length;
        if (following > end || !mayBeOne(place, following, meter, isRest)) continue;
        const cost = weakness + level(following, meter);
        const known = after.get(following);
        if (!known || cost < known.weakness) after.set(following, { weakness: cost, pieces: [...pieces, { start: place, length }] });
      }
    }
    const done = after.get(end);
    if (done) return done.pieces;
    reached = after;
  }
}

function mayBeOne(start: number, end: number, meter: Meter, isRest: boolean): boolean {
  const covered = strongestInside(start, end, meter);
  const [atStart, atEnd] = [level(start, meter), level(end, meter)];
  if (covered <= BEAT && isGrouped(meter) && Math.max(atStart, atEnd) > BEAT) return false;
  if (atStart <= covered || (atEnd < covered && !isRest)) return true;
  const isSyncope = end - start === 16 / meter[1] && atStart === PART && atEnd === PART;
  return isSyncope && covered === BEAT && !isRest;
}

/** Returns how weak a place is: 0 for a bar line, 1 for the middle, 2 for a beat, 3 for its parts, and so on. */
function level(place: number, meter: Meter): number {
  const within = place % barSteps(meter);
  if (within === 0) return BAR_LINE;
  if (within === half(meter)) return HALF;
  if (beats(meter).includes(within)) return BEAT;
  for (let own = PART; own < WEAKEST; own++) if (within % (part(meter) / 2 ** (own - PART)) === 0) return own;
  return WEAKEST;
}

/** Returns the level of the strongest place strictly between two of a bar. */
function strongestInside(start: number, end: number, meter: Meter): number {
  let strongest = WEAKEST;
  for (let place = start + 1; place < end; place++) strongest = Math.min(strongest, level(place, meter));
  return strongest;
}

function groupStarts(bar: EngravedBar, meter: Meter): number[] {
  const [numerator, denominator] = meter;
  if (denominator > 4) return beats(meter);
  const isHalved = (numerator === 4 && denominator === 4) || (numerator === 2 && denominator === 2);
  const starts = isHalved ? [0, 8] : beats(meter);
  const ends = [...starts.slice(1), barSteps(meter)];
  return starts.flatMap((start, number) => {
    const inside = bar.items.filter((item) => start <= item.start - bar.origin && item.start - bar.origin < ends[number]);
    const step = inside.some(({ length }) => length === 1 || length === 3) ? 4 : ends[number] - start;
    return Array.from({ length: Math.ceil((ends[number] - start) / step) }, (_, index) => start + step * index);
  });
}

/** Returns where the beats of a bar begin; those of 5/8 and 7/8 have three parts, then two. */
function beats(meter: Meter): number[] {
  const [numerator, denominator] = meter;
  if (denominator === 8 && numerator % 3 !== 0) return unevenBeats(numerator);
  const size = (isCompound(meter) ? 48 : 16) / denominator;
  return Array.from({ length: barSteps(meter) / size }, (_, number) => number * size);
}

function unevenBeats(eighths: number): number[] {
  const twos = (3 - (eighths % 3)) % 3;
  if (2 * twos > eighths) return [0];
  const sizes = [...new Array<number>((eighths - 2 * twos) / 3).fill(6), ...new Array<number>(twos).fill(4)];
  return sizes.map((_, number) => sizes.slice(0, number).reduce((sum, size) => sum + size, 0));
}

function half(meter: Meter): number | undefined {
  const own = beats(meter);
  const middle = barSteps(meter) / 2;
  return own.length > 2 && own.length % 2 === 0 && own.includes(middle) ? middle : undefined;
}

function part(meter: Meter): number {
  return 16 / meter[1] / (isGrouped(meter) ? 1 : 2);
}

function isCompound([numerator, denominator]: Meter): boolean {
  return denominator >= 8 && numerator % 3 === 0;
}

function isGrouped([, denominator]: Meter): boolean {
  return denominator >= 8;
}

function barSteps([numerator, denominator]: Meter): number {
  return (16 * numerator) / denominator;
}
