/**
 * What is played of chord symbols, by a pianist and a bass: the rules of the Python package's `formats/accompaniment.py`,
 * whose patterns `make page` puts beside. Times are in quarter notes from where the music begins.
 */
import { firstStep } from '../files/layout';
import { notesOf } from '../files/notes';
import type { Melody } from '../types';
import { mod, parseChord, type ChordTones } from './symbols';
import tables from './tables.json';

type Hit = [place: number, length: number, what: string, strength: number];
type Voicing = readonly number[];

const OCTAVE = 12;
const STEPS_PER_QUARTER = 4;
const [ROOT, FIFTH, CHORD] = ['root', 'fifth', 'chord'];
const [BEAT, SOFT] = [0.68, 0.52];
const BASS = { lowest: 33, highest: 50, centre: 41 };
const [LOWEST, HIGHEST, CENTRE, LOWEST_CEILING] = [50, 69, 59, 60];
const PATTERNS = tables.patterns as unknown as Record<string, { usual: Hit[]; slow: Hit[]; slowestQpm: number } | undefined>;

/** A note of the accompaniment; steps count as those of the melody, and need not be whole. */
export interface AccompanyingNote {
  start: number;
  end: number;
  pitch: number;
  /** How hard it is struck, as a share of how hard a melody is. */
  strength: number;
}

export interface Accompaniment {
  chords: AccompanyingNote[];
  bass: AccompanyingNote[];
}

interface Span {
  start: number;
  end: number;
  chord: ChordTones | null;
}

/** Returns an accompaniment of a melody that is laid out as it is played; nothing where it has no chords. */
export function accompany(melody: Melody): Accompaniment {
  const { meter, stepsPerBar, quartersPerMinute } = melody;
  const offset = firstStep(melody);
  const long = stepsPerBar / STEPS_PER_QUARTER;
  const first = offset ? (stepsPerBar - offset) / STEPS_PER_QUARTER : 0;
  const numBars = Math.ceil(melody.events.length / stepsPerBar) - (offset ? 1 : 0);
  const end = first + numBars * long;
  const spans = spansOf(melody, offset, first, end);
  const pattern = PATTERNS[meter.join('/')];
  const own: Accompaniment = { chords: [], bass: [] };
  if (!pattern || !spans.some(({ chord }) => chord)) return own;
  const hits = quartersPerMinute >= pattern.slowestQpm ? pattern.usual : pattern.slow;
  const voicings = voicingsOf(spans, ceilingsOf(spans, melody, offset));
  const bass = new Bass();
  for (let bar = 0; bar < numBars; bar++) {
    const start = first + bar * long;
    const struck = bar + 1 < numBars ? hitsOf(hits, start, long, spans) : held(start, long, spans);
    for (const [number, [place, length, what, strength]] of struck) {
      const chord = spans[number].chord as ChordTones;
      const note = (pitch: number) => ({ start: start + place, end: Math.min(start + place + length, spans[number].end), pitch, strength });
      const pitches = voicings[number];
      if (what === ROOT || what === FIFTH) own.bass.push(note(bass.pitch(chord, what)));
      else if (what === CHORD) own.chords.push(...[...pitches].reverse().map(note));
      else own.chords.push(note(pitches[Math.min(Number(what), pitches.length - 1)]));
    }
  }
  const inSteps = (notes: AccompanyingNote[]) =>
    oneAtATime(notes).map((note) => ({
      ...note,
      start: note.start * STEPS_PER_QUARTER + offset,
      end: note.end * STEPS_PER_QUARTER + offset,
    }));
  return { chords: inSteps(own.chords), bass: inSteps(own.bass) };
}

/** Returns where chords sound; symbols stand on the grid of eighths. */
function spansOf({ chords = [] }: Melody, offset: number, first: number, end: number): Span[] {
  const found = new Map<number, ChordTones | null>();
  for (const { step, symbol } of chords) {
    const start = Math.max(Math.floor(((step - offset) / STEPS_PER_QUARTER) * 2) / 2, first);
    found.set(start, parseChord(symbol) ?? null);
  }
  const starts = [...[...found.keys()].filter((start) => start < end), end];
  return starts.slice(0, -1).map((start, number) => ({ start, end: starts[number + 1], chord: found.get(start) ?? null }));
}

/** Returns what is struck in a bar, with the number of its span; where a chord is new, its root is struck, too. */
function hitsOf(pattern: readonly Hit[], start: number, long: number, spans: readonly Span[]): [number, Hit][] {
  const news = spans.map((span) => span.start - start).filter((place) => place > 0 && place < long);
  const places = [...new Set([...pattern.map(([place]) => place), ...news])].sort((one, other) => one - other);
  return places.flatMap((place, index): [number, Hit][] => {
    const number = spans.filter((span) => span.start <= start + place).length - 1;
    if (!spans[number]?.chord) return [];
    const here = pattern.filter((hit) => hit[0] === place);
    if (!news.includes(place)) return here.map((hit) => [number, hit]);
    const root: Hit = [place, (places[index + 1] ?? long) - place, ROOT, BEAT];
    return [root, ...here.filter(([, , what]) => what !== ROOT && what !== FIFTH)].map((hit) => [number, hit]);
  });
}

/** Returns what is struck in the last bar: each of its chords once, held. */
function held(start: number, long: number, spans: readonly Span[]): [number, Hit][] {
  return spans.flatMap((span, number): [number, Hit][] => {
    const [from, to] = [Math.max(span.start, start), Math.min(span.end, start + long)];
    if (!span.chord || from >= to) return [];
    return [[number, [from - start, to - from, ROOT, BEAT]], [number, [from - start, to - from, CHORD, SOFT]]];
  });
}

/** Returns the highest pitch below the melody while each chord sounds, within what is comfortable. */
function ceilingsOf(spans: readonly Span[], melody: Melody, offset: number): number[] {
  const notes = notesOf(melody.events).map(({ start, end, pitch }) => ({
    start: (start - offset) / STEPS_PER_QUARTER,
    end: (end - offset) / STEPS_PER_QUARTER,
    pitch,
  }));
  return spans.map((span) => {
    const own = notes.filter(({ start, end }) => start < span.end && end > span.start).map(({ pitch }) => pitch - 1);
    return Math.max(Math.min(HIGHEST, ...own), LOWEST_CEILING);
  });
}

/** Returns the voicing of each chord such that all of them together move least; none for no chord. */
function voicingsOf(spans: readonly Span[], ceilings: readonly number[]): Voicing[] {
  const paths: { voicings: Voicing[]; parents: number[] }[] = [];
  let costs: number[] = [];
  let before: Voicing[] = [];
  spans.forEach(({ chord }, number) => {
    if (!chord) {
      paths.push({ voicings: [[]], parents: [costs.length ? least(costs) : 0] });
      costs = [costs.length ? Math.min(...costs) : 0];
      before = [];
      return;
    }
    const voicings = inversions(upper(chord));
    const parents: number[] = [];
    const known = costs.length ? costs : [0];
    costs = voicings.map((voicing) => {
      const ways = known.map((cost, place) => cost + (before.length ? movement(before[place], voicing) : 0));
      parents.push(least(ways));
      return Math.min(...ways) + strain(voicing, ceilings[number]);
    });
    paths.push({ voicings, parents });
    before = voicings;
  });
  let place = least(costs);
  return paths
    .reverse()
    .map(({ voicings, parents }) => {
      const own = voicings[place];
      place = parents[place];
      return own;
    })
    .reverse();
}

function least(costs: readonly number[]): number {
  return costs.indexOf(Math.min(...costs));
}

/** Returns by how many semitones all voices move. */
function movement(one: Voicing, other: Voicing): number {
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  if (one.length === other.length) return sum(one.map((pitch, voice) => Math.abs(pitch - other[voice])));
  const nearest = (from: Voicing, to: Voicing) => sum(to.map((pitch) => Math.min(...from.map((own) => Math.abs(own - pitch)))));
  return (nearest(one, other) + nearest(other, one)) / 2;
}

/** Returns how uncomfortable a voicing lies: over the melody, in the bass, or far from the middle. */
function strain(voicing: Voicing, ceiling: number): number {
  const mean = voicing.reduce((sum, pitch) => sum + pitch, 0) / voicing.length;
  return 2 * Math.max(voicing[voicing.length - 1] - ceiling, 0) + 2 * Math.max(LOWEST - voicing[0], 0) + 0.3 * Math.abs(mean - CENTRE);
}

/** Returns the pitch classes that are played above the bass: of large chords those that tell what they are. */
function upper({ tones, root, bass }: ChordTones): number[] {
  if (tones.length > 4) return [tones[1], tones[3], tones[tones.length - 1]];
  return tones.length === 4 && bass === root ? tones.slice(1) : tones;
}

/** Returns the inversions of a chord in close position, wherever they lie within reach. */
function inversions(classes: readonly number[]): Voicing[] {
  const found: Voicing[] = [];
  classes.forEach((_, number) => {
    const turned = [...classes.slice(number), ...classes.slice(0, number)];
    for (let lowest = LOWEST - 2; lowest <= HIGHEST; lowest++) {
      if (mod(lowest - turned[0])) continue;
      const pitches = [lowest];
      for (const pitchClass of turned.slice(1)) {
        const last = pitches[pitches.length - 1];
        pitches.push(last + 1 + mod(pitchClass - last - 1));
      }
      if (pitches.length === 2) pitches.push(pitches[0] + OCTAVE);
      if (pitches[pitches.length - 1] <= HIGHEST + 3) found.push(pitches);
    }
  });
  return found;
}

/** A bass that takes each root near where it was, and its fifth below where that is in reach. */
class Bass {
  private root = BASS.centre;

  pitch(chord: ChordTones, what: string): number {
    if (what === ROOT || chord.bass !== chord.root) {
      const all = Array.from({ length: BASS.highest + 1 - BASS.lowest }, (_, place) => BASS.lowest + place);
      const roots = all.filter((pitch) => mod(pitch) === chord.bass);
      const cost = (pitch: number) => Math.abs(pitch - this.root) + Math.abs(pitch - BASS.centre);
      return (this.root = roots.reduce((best, pitch) => (cost(pitch) < cost(best) ? pitch : best)));
    }
    const above = [7, 6, 8].find((up) => chord.tones.includes(mod(chord.root + up))) ?? OCTAVE;
    const below = this.root + above - OCTAVE;
    return below >= BASS.lowest - 2 ? below : this.root + above;
  }
}

/** Returns notes by their starts; one that is struck again ends where it is. */
function oneAtATime(notes: readonly AccompanyingNote[]): AccompanyingNote[] {
  const ordered = [...notes].sort((one, other) => one.start - other.start || other.pitch - one.pitch);
  const again = new Map<number, number>();
  return ordered
    .reverse()
    .map((note) => {
      const end = Math.min(note.end, again.get(note.pitch) ?? note.end);
      again.set(note.pitch, note.start);
      return { ...note, end };
    })
    .reverse();
}
