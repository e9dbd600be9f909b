/**
 * What a file holds, and the melody in it: the rules of the Python package's `formats/form.py`, `formats/grid.py` and
 * `tunes/line.py`, so that a file is the same melody in both.
 */
import type { Melody, Meter } from '../types';
import { FileError } from './error';
import { keyName, type Key } from './keys';

/** Units of a quarter note, in which scores count time: fine enough for all usual tuplets. */
export const QUARTER = 60_480;
export const COMMON_TIME: Meter = [4, 4];
export const MAX_NOTES = 50_000;
/** Steps beyond which a file is no melody that a page shows: twenty minutes at 120 quarter notes a minute. */
const MAX_STEPS = 10_000;
const STEPS_PER_QUARTER = 4;
const DEFAULT_QPM = 120;
const TOLERANCE = QUARTER / 32;
/** Readers put times a tick or a rounding error off. */
const EARLY = QUARTER / 64;

/** A note; times in units from the beginning. */
export interface Note {
  start: number;
  end: number;
  pitch: number;
}

/** A bar as written, with the signs that stand at it. */
export interface Bar {
  start: number;
  meter: Meter;
  opensRepeat: boolean;
  /** How often what ends with it is played. */
  times: number;
  /** The passes of the ending that begins with it. */
  endings: number[];
  isDouble: boolean;
}

/** One part of a file. */
export interface Score {
  notes: Note[];
  bars: Bar[];
  end: number;
  quartersPerMinute?: number;
  key?: Key;
  title?: string;
}

export function plainBar(start: number, meter: Meter): Bar {
  return { start, meter, opensRepeat: false, times: 1, endings: [], isDouble: false };
}

/** Returns the length of a meter's bar in units. */
export function barUnits([beats, beatType]: Meter): number {
  return (4 * QUARTER * beats) / beatType;
}

export function isUsual([beats, beatType]: Meter): boolean {
  return beats >= 1 && beats <= 99 && [1, 2, 4, 8, 16, 32, 64].includes(beatType);
}

/**
 * Returns the top voice of a score on the grid of sixteenths: each section once, with the last of its endings, from the
 * bar of its first note on. Where the tune begins with a pickup, 'no event' stands before it in its bar.
 */
export function melodyOf(score: Score): Melody {
  if (score.notes.length === 0) throw new FileError('file.noNotes');
  const meter = score.bars[0].meter;
  const stepsPerBar = toStep(barUnits(meter));
  if (stepsPerBar * QUARTER !== barUnits(meter) * STEPS_PER_QUARTER) throw new FileError('file.meter', { meter: meter.join('/') });
  const once = writtenOnce(score);
  const pads = findPads(once);
  const line = topVoice(quantise(once.notes, pads));
  const last = line[line.length - 1];
  if (last.end > MAX_STEPS) throw new FileError('file.tooLong', { bars: Math.floor(MAX_STEPS / stepsPerBar) });
  const first = line[0].start - (line[0].start % stepsPerBar);
  const padding = first ? 0 : toStep(Math.max(0, pads.find((pad) => pad.time === 0)?.length ?? 0));
  const events = eventsOf(line, first);
  return {
    events,
    stepsPerBar,
    meter,
    quartersPerMinute: score.quartersPerMinute ?? DEFAULT_QPM,
    pickupSteps: pickupOf(events, stepsPerBar, padding),
    key: score.key && keyName(score.key),
    title: score.title || undefined,
  };
}

/** Returns a score of the bars that are played if every section is played once, with its last ending. */
function writtenOnce(score: Score): Score {
  const kept = barsOnce(score.bars);
  if (kept.length === score.bars.length) return score;
  const ends = [...score.bars.slice(1).map((bar) => bar.start), score.end];
  const result: Score = { ...score, notes: [], bars: [], end: 0 };
  for (const number of kept) {
    const bar = score.bars[number];
    const shift = result.end - bar.start;
    for (const note of score.notes) {
      if (note.start >= bar.start && note.start < ends[number]) {
        result.notes.push({ start: note.start + shift, end: note.end + shift, pitch: note.pitch });
      }
    }
    result.bars.push(plainBar(result.end, bar.meter));
    result.end += ends[number] - bar.start;
  }
  return result;
}

function barsOnce(bars: Bar[]): number[] {
  const kept: number[] = [];
  for (let first = 0; first < bars.length; ) {
    const { endings, end } = sectionFrom(bars, first);
    for (let number = first; number < (endings[0] ?? end); number++) kept.push(number);
    if (endings.length) for (let number = endings[endings.length - 1]; number < end; number++) kept.push(number);
    first = end;
  }
  return kept;
}

/** Returns where the section that begins with a bar ends, and where its endings begin. */
function sectionFrom(bars: Bar[], first: number): { endings: number[]; end: number } {
  let isOpen = closesRepeat(bars, first);
  const endings: number[] = [];
  let end = first;
  while (end < bars.length) {
    const bar = bars[end++];
    if (bar.endings.length) endings.push(end - 1);
    isOpen &&= bar.times === 1;
    const following = bars[end];
    if (!following || following.endings.length) continue;
    if (bar.times > 1 || following.opensRepeat || (bar.isDouble && !isOpen)) break;
  }
  return { endings, end };
}

function closesRepeat(bars: Bar[], first: number): boolean {
  if (!bars[first].opensRepeat) return false;
  const close = bars.findIndex((bar, number) => number >= first && bar.times > 1);
  const open = bars.findIndex((bar, number) => number > first && bar.opensRepeat);
  return close >= 0 && (open < 0 || close < open);
}

/** Silence to put in at a time (or, if negative, to take out), so that every bar starts at a multiple of the bar. */
interface Pad {
  time: number;
  length: number;
}

function findPads(score: Score): Pad[] {
  const noteStarts = score.notes.map((note) => note.start);
  const pads: Pad[] = [];
  for (let first = 0; first < score.bars.length; ) {
    const meter = score.bars[first].meter;
    let end = first;
    while (end < score.bars.length && sameMeter(score.bars[end].meter, meter)) end++;
    const starts = score.bars.slice(first, end).map((bar) => bar.start);
    starts.push(score.bars[end]?.start ?? score.end);
    pads.push(...padsOfMeter(starts, barUnits(meter), noteStarts));
    first = end;
  }
  return pads;
}

/**
 * Irregular bars that follow each other are left alone if they are whole bars together. Otherwise silence goes in before
 * a lone bar of up to half a bar, which is taken for a pickup, after a longer one, and after the first of several. Where
 * more than half a bar were missing, the note before gives way instead. The last bar may be as short as it is.
 */
function padsOfMeter(starts: number[], bar: number, noteStarts: number[]): Pad[] {
  const pads: Pad[] = [];
  let run: { start: number; length: number }[] = [];
  for (let number = 0; number + 1 < starts.length; number++) {
    const start = starts[number];
    const length = starts[number + 1] - start;
    const opensPiece = run.length > 0 && run[0].start === starts[0];
    if (isMultiple(length, bar)) {
      pads.push(...padsOfRun(run, bar, opensPiece, noteStarts));
      run = [];
    } else if (length > TOLERANCE) {
      run.push({ start, length });
      if (!opensPiece && isMultiple(start + length - run[0].start, bar)) run = [];
    }
  }
  return pads;
}

function padsOfRun(run: { start: number; length: number }[], bar: number, opensPiece: boolean, noteStarts: number[]): Pad[] {
  const total = run.reduce((sum, { length }) => sum + length, 0);
  if (!run.length || isMultiple(total, bar)) return [];
  const excess = total % bar;
  const { start, length } = run[0];
  if (opensPiece) return [{ time: start, length: bar - excess }];
  const isPickup = run.length === 1 && length <= bar / 2;
  const time = isPickup ? start : start + length;
  const low = time - excess - TOLERANCE;
  const isFree = !noteStarts.some((noteStart) => noteStart >= low && noteStart < time - TOLERANCE);
  return [{ time, length: excess < bar / 2 && isFree ? -excess : bar - excess }];
}

function isMultiple(length: number, bar: number): boolean {
  return length > bar / 2 && Math.abs(length - bar * Math.round(length / bar)) < TOLERANCE;
}

function sameMeter(one: Meter, other: Meter): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

/** A note in steps, with its exact start for the order of notes on one step. */
interface Span {
  start: number;
  end: number;
  pitch: number;
  exactStart: number;
}

function quantise(notes: Note[], pads: Pad[]): Span[] {
  const spans = notes.map((note) => {
    const first = pads.filter((pad) => pad.time <= note.start + EARLY);
    // A note that ends where silence is put in is not to grow.
    const before = pads.filter((pad) => pad.time < note.end - EARLY);
    const after = before.length > first.length ? before : first;
    const exactStart = note.start + totalOf(first);
    const start = toStep(exactStart);
    return { start, end: Math.max(toStep(note.end + totalOf(after)), start + 1), pitch: note.pitch, exactStart };
  });
  return spans.sort((a, b) => a.start - b.start || a.exactStart - b.exactStart || b.pitch - a.pitch);
}

function totalOf(pads: Pad[]): number {
  return pads.reduce((sum, pad) => sum + pad.length, 0);
}

/** Returns the nearest step; half-way between two the later one. */
function toStep(units: number): number {
  return Math.floor((units * STEPS_PER_QUARTER) / QUARTER + 0.5);
}

/**
 * Returns one note a step: of those that begin together the highest. A note is left out, too, that begins below one that
 * sounds and ends no later; one that lasts longer takes over.
 */
function topVoice(spans: Span[]): Span[] {
  const line: Span[] = [];
  for (const span of spans) {
    const last = line[line.length - 1];
    if (last && (span.start === last.start || (span.pitch < last.pitch && span.end <= last.end))) continue;
    line.push(span);
  }
  return line;
}

function eventsOf(line: Span[], first: number): number[] {
  const events = new Array<number>(line[line.length - 1].end - first).fill(-2);
  line.forEach((span, number) => {
    const following = line[number + 1];
    if (following && span.end < following.start) events[span.end - first] = -1;
    events[span.start - first] = span.pitch;
  });
  return events;
}

/** Returns the steps of the pickup: of a bar made whole by padding, or after a silence of half a bar or more. */
function pickupOf(events: number[], stepsPerBar: number, padding: number): number {
  const first = events.findIndex((event) => event >= 0);
  if (padding > 0 && padding <= first) return (stepsPerBar - (padding % stepsPerBar)) % stepsPerBar;
  return stepsPerBar <= 2 * first && first < stepsPerBar ? stepsPerBar - first : 0;
}
