/**
 * A tune as notation has it: every section once, its endings one after the other, with the signs at the bars. The rules
 * of the Python package's `tunes/to_score.py`, so that what is written here reads there as the same tune.
 */
import type { Chord, Form, Melody, Section } from '../types';
import { notesOf, type StepNote } from './notes';

const NO_EVENT = -2;
const NOTE_OFF = -1;
/** Stands for the step of what is not of the tune: silence that fills its last bar. */
const NOWHERE = Infinity;

export type Mark = 'segno' | 'coda' | 'fine' | 'to_coda' | 'da_capo' | 'dal_segno';

/** A bar, and the signs that stand at it; steps count from where the music begins. */
export interface Bar {
  start: number;
  end: number;
  opensRepeat: boolean;
  /** How often what ends with it is played, if a repeat does; else 1. */
  times: number;
  /** The numbers over the bracket that begins with it. */
  endings: number[];
  isDouble: boolean;
  /** What names the section that begins with it. */
  label: string;
  marks: Mark[];
}

export interface Layout {
  bars: Bar[];
  notes: StepNote[];
  chords: Chord[];
  /** Which step of the tune each step is, or of its endings, as `Ending.number` counts them. */
  steps: number[];
}

/** Steps in the order in which notation has them. */
interface Stretch {
  events: number[];
  steps: number[];
  /** Their steps count from the first one of these. */
  chords: Chord[];
  /** The step of the tune in whose place it stands; it tells where in a bar it belongs. */
  at: number;
  opensRepeat: boolean;
  times: number;
  endings: number[];
  isDouble: boolean;
  label: string;
  /** Whether it is an ending after another one, so that no note comes over into it. */
  isLaterEnding: boolean;
}

/** Returns a tune laid out as notation has it. */
export function layOut(melody: Melody): Layout {
  const stretches = stretchesOf(melody);
  const bars: Bar[] = [];
  const chords: Chord[] = [];
  let now = 0;
  for (const stretch of stretches) {
    bars.push(...barsOf(stretch, now, melody.stepsPerBar));
    for (const { step, symbol } of stretch.chords) chords.push({ step: now + step, symbol });
    now += stretch.events.length;
  }
  if (melody.form?.jump) mark(bars, stretches, melody.form.jump, melody);
  return { bars, chords, notes: notesOfAll(stretches), steps: stretches.flatMap(({ steps }) => steps) };
}

/** Returns the step where the music begins: 0, or that of the pickup. */
export function firstStep({ pickupSteps, stepsPerBar }: Melody): number {
  return pickupSteps ? stepsPerBar - pickupSteps : 0;
}

function stretchesOf(melody: Melody): Stretch[] {
  const plain: Form['sections'] = [{ start: firstStep(melody), label: 'A', times: 1, endings: [] }];
  const sections = melody.form?.sections ?? plain;
  const isLabelled = sections.some(({ label }, number) => label !== String.fromCharCode(65 + number));
  const events = filled(melody);
  return sections.flatMap((section, number) => {
    const end = sections[number + 1]?.start ?? events.length;
    return ofSection(melody, events, section, end, isLabelled ? section.label : '');
  });
}

/** Returns a tune's events with silence up to the end of its last bar, which may be short by the pickup. */
function filled({ events, stepsPerBar, pickupSteps }: Melody): number[] {
  const position = events.length % stepsPerBar;
  const short = position > 0 && position <= stepsPerBar - pickupSteps ? stepsPerBar - pickupSteps : stepsPerBar;
  const missing = position ? short - position : events.length ? 0 : stepsPerBar;
  return missing ? [...events, NOTE_OFF, ...new Array<number>(missing - 1).fill(NO_EVENT)] : events;
}

function ofSection(melody: Melody, events: number[], section: Section, end: number, label: string): Stretch[] {
  const start = Math.max(section.start, firstStep(melody));
  const opening = { opensRepeat: section.times > 1, label };
  const stretch = (first: number, last: number, signs: Partial<Stretch>): Stretch => ({
    events: events.slice(first, last),
    steps: Array.from({ length: last - first }, (_, place) => (first + place < melody.events.length ? first + place : NOWHERE)),
    chords: chordsWithin(melody.chords, first, last),
    at: first,
    opensRepeat: false,
    times: 1,
    endings: [],
    isDouble: false,
    label: '',
    isLaterEnding: false,
    ...signs,
  });
  if (!section.endings.length) return [stretch(start, end, { ...opening, times: section.times, isDouble: true })];
  const inline = Math.min(...section.endings.map((ending) => ending.start));
  const own = section.endings.map(({ events: its, chords = [], start: at, passes, number }, place) => {
    const steps = its.map((_, step) => number + step);
    return { ...stretch(0, 0, { endings: passes, times: 2, isLaterEnding: place > 0 }), events: its, steps, chords, at };
  });
  const passes = Array.from({ length: section.times }, (_, pass) => pass + 1);
  const endings = passes.filter((pass) => !section.endings.some((ending) => ending.passes.includes(pass)));
  const before = inline > start ? [stretch(start, inline, opening)] : [];
  return [...before, ...own, stretch(inline, end, { endings, isDouble: true, isLaterEnding: true })];
}

/** Returns the chords that stand within some steps, counted from the first one. */
export function chordsWithin(chords: readonly Chord[] = [], first: number, end: number): Chord[] {
  return chords.filter(({ step }) => step >= first && step < end).map((chord) => ({ ...chord, step: chord.step - first }));
}

function barsOf(stretch: Stretch, now: number, stepsPerBar: number): Bar[] {
  const numSteps = stretch.events.length;
  const starts = [0];
  for (let line = stepsPerBar - (stretch.at % stepsPerBar); line < numSteps; line += stepsPerBar) starts.push(line);
  const last = starts.length - 1;
  return starts.map((start, number) => ({
    start: now + start,
    end: now + (starts[number + 1] ?? numSteps),
    opensRepeat: number === 0 && stretch.opensRepeat,
    endings: number === 0 ? stretch.endings : [],
    label: number === 0 ? stretch.label : '',
    times: number === last ? stretch.times : 1,
    isDouble: number === last && stretch.isDouble,
    marks: [],
  }));
}

/** Returns the notes; what sounds when endings begin is struck again in all but the first one. */
function notesOfAll(stretches: readonly Stretch[]): StepNote[] {
  const events: number[] = [];
  let [sounding, held] = [NOTE_OFF, NOTE_OFF];
  for (const stretch of stretches) {
    const own = [...stretch.events];
    if (stretch.isLaterEnding) {
      sounding = held;
      if (own[0] === NO_EVENT) own[0] = held;
    } else if (stretch.endings.length) held = sounding;
    for (const event of own) if (event !== NO_EVENT) sounding = event;
    events.push(...own);
  }
  return notesOf(events);
}

/** Puts the signs of a da capo or dal segno to the bars. */
function mark(bars: Bar[], stretches: readonly Stretch[], [after, start, end]: NonNullable<Form['jump']>, melody: Melody): void {
  const barAt = (step: number): number => {
    let now = 0;
    for (const { at, events, endings, isDouble } of stretches) {
      const isOfTune = !endings.length || isDouble;
      if (isOfTune && at <= step && step < at + events.length) {
        const place = bars.findIndex((bar) => bar.start >= now + step - at);
        return place < 0 ? bars.length : place;
      }
      now += events.length;
    }
    return bars.length;
  };
  const [afterBar, startBar, endBar] = [after, start, end].map(barAt);
  if (!(startBar < endBar && endBar <= afterBar)) return;
  const isWhole = start <= firstStep(melody);
  const hasCoda = after < melody.events.length;
  bars[afterBar - 1].marks.push(isWhole ? 'da_capo' : 'dal_segno');
  if (!isWhole) bars[startBar].marks.push('segno');
  if (end < after) bars[endBar - 1].marks.push(hasCoda ? 'to_coda' : 'fine');
  if (hasCoda && afterBar < bars.length) bars[afterBar].marks.push('coda');
}
