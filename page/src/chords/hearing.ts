/**
 * What chords say of a tune's steps: the rules of the Python package's `music/chord_keys.py`, `tunes/chord_cues.py`,
 * `tunes/chord_weights.py` and `generation/chords.py`. Pitch classes are those that a model plays.
 */
import type { Key } from '../files/keys';
import type { PageKey } from '../model/knowledge';
import type { Chord, Meter } from '../types';
import { mod, parseChord, type ChordTones } from './symbols';
import tables from './tables.json';

const OCTAVE = 12;
const NO_CHORD = OCTAVE + 1;
const LEADING_TONE = 11;
/** What it counts, in chord notes, that the last and the first chord are the tonic's, and that a key is major or minor. */
const [LAST, FIRST, USUAL] = [2.5, 2, 1.5];
const OTHER = 4;
/** Nats by which a note that fits its chord is preferred by models that do not hear chords. */
const STRENGTH = 3;
const BEAT_SHARE = 0.5;

/** Returns the key that most of the chords' notes are in, and in which they begin and end; of equals the first. */
export function keyOfChords<K extends Pick<PageKey, 'mode' | 'tonic' | 'pitchClasses'>>(
  shares: Iterable<[symbol: string, length: number]>,
  keys: readonly K[],
): K | undefined {
  const sounding = [...shares].flatMap(([symbol, length]) => {
    const chord = parseChord(symbol);
    return chord && length > 0 ? [{ chord, length }] : [];
  });
  if (!sounding.length) return undefined;
  const total = sounding.reduce((sum, { length }) => sum + length, 0);
  const fitness = keys.map(({ mode, tonic, pitchClasses }) => {
    const own = new Set(pitchClasses);
    if (mode === 'minor') own.add(mod(tonic + LEADING_TONE));
    const share = sounding.reduce((sum, { chord, length }) => {
      return sum + (length * chord.tones.filter((tone) => own.has(tone)).length) / chord.tones.length;
    }, 0);
    let points = (OCTAVE * share) / total + (mode === 'major' || mode === 'minor' ? USUAL : 0);
    const third = mode === 'major' || mode === 'mixolydian' ? 0 : 1;
    const isTonic = ({ chord }: { chord: ChordTones }) => chord.root === tonic && [third, OTHER].includes(chord.quality);
    points += LAST * Number(isTonic(sounding[sounding.length - 1]));
    points += FIRST * Number(isTonic(sounding[0]));
    return points;
  });
  return keys[fitness.indexOf(Math.max(...fitness))];
}

/** Returns the pitch classes of a key; those of C major where none is known. */
export function scaleOfKey(key: Key | undefined): number[] {
  return Array.from({ length: 7 }, (_, place) => mod(7 * ((key?.sharps ?? 0) + place - 1)));
}

/** The chords of a tune as a model plays it; each holds up to the next one. */
export class Hearing {
  private readonly chords: { step: number; symbol: string; chord: ChordTones | null; sounding: ChordTones | null }[];
  private readonly changes: Hearing['chords'] = [];
  private readonly rows = new Map<string, Float32Array>();

  constructor(
    chords: readonly Chord[],
    private readonly transposition: number,
  ) {
    this.chords = chords.map(({ step, symbol }) => {
      const sounding = parseChord(symbol) ?? null;
      return { step, symbol, sounding, chord: moved(sounding, transposition) };
    });
    for (const own of this.chords) {
      if (this.changes[this.changes.length - 1]?.symbol !== own.symbol) this.changes.push(own);
    }
  }

  /** Returns the pitch nearest to one that the chord of a step has; the pitch itself where there is no chord. */
  nearest(pitch: number, step: number): number {
    const tones = this.chords[placeAt(this.chords, step)]?.chord?.tones;
    if (!tones || tones.includes(mod(pitch))) return pitch;
    const others = Array.from({ length: OCTAVE }, (_, place) => pitch - OCTAVE / 2 + place);
    const own = others.filter((other) => tones.includes(mod(other)));
    return own.reduce((best, other) => (Math.abs(other - pitch) < Math.abs(best - pitch) ? other : best));
  }

  /** Returns the columns of `ChordCue` for a step; `most` is from how far away the next chord is known. */
  cues(step: number, most: number): number[] {
    const place = placeAt(this.changes, step);
    const now = this.changes[place];
    const next = this.changes[place + 1];
    const ahead = next && next.step - step <= most ? [...heard(next.chord), next.step - step] : undefined;
    const [root, quality] = now ? heard(now.chord) : [0, 0];
    const tones = now?.chord?.tones.reduce((bits, tone) => bits | (1 << tone), 0) ?? 0;
    return [root, tones, now?.chord ? now.chord.bass + 1 : 0, quality, ...(ahead ?? [0, 0, 0])];
  }

  /**
   * Returns by how many nats a note of each pitch class is more likely at a step than a model has it; undefined where
   * that is nothing. The scale is that of the key in which it sounds.
   */
  weights(step: number, meter: Meter, stepsPerBar: number, scale: readonly number[]): Float32Array | undefined {
    const own = this.chords[placeAt(this.chords, step)];
    if (!own?.sounding) return undefined;
    const share = step === own.step ? 1 : shareOf(step % stepsPerBar, meter, stepsPerBar);
    const name = `${own.symbol} ${share}`;
    const row = this.rows.get(name) ?? rowOf(own.sounding, scale, share);
    this.rows.set(name, row);
    return row.map((_, pitch) => row[mod(pitch - this.transposition)]);
  }
}

/** Returns the chords up to the end of an ending, and then those of the section's next pass. */
export function withEnding(chords: readonly Chord[], sectionStart: number, end: number): Chord[] {
  const later = chords.filter(({ step }) => step >= sectionStart);
  const opening = chords.filter(({ step }) => step <= sectionStart).pop();
  if (opening && opening.step < sectionStart) later.unshift({ ...opening, step: sectionStart });
  const moved = later.map((chord) => ({ ...chord, step: chord.step + end - sectionStart }));
  return [...chords.filter(({ step }) => step < end), ...moved];
}

function moved(chord: ChordTones | null, amount: number): ChordTones | null {
  if (!chord) return null;
  return { ...chord, root: mod(chord.root + amount), bass: mod(chord.bass + amount), tones: chord.tones.map((tone) => mod(tone + amount)) };
}

function placeAt(chords: readonly { step: number }[], step: number): number {
  const after = chords.findIndex((chord) => chord.step > step);
  return (after < 0 ? chords.length : after) - 1;
}

function heard(chord: ChordTones | null): [root: number, quality: number] {
  return chord ? [chord.root + 1, chord.quality + 1] : [NO_CHORD, 0];
}

/** Returns how much of the strength holds at a step of a bar: all on strong beats, half on others, none between. */
function shareOf(step: number, [numerator, denominator]: Meter, stepsPerBar: number): number {
  const isCompound = denominator >= 8 && numerator % 3 === 0;
  const tempoBeat = isCompound && denominator === 8 ? 6 : denominator === 2 ? 8 : 4;
  if (step === 0 || (stepsPerBar % (2 * tempoBeat) === 0 && step === stepsPerBar / 2)) return 1;
  return step % (isCompound ? tempoBeat : 4) ? 0 : BEAT_SHARE;
}

function rowOf(chord: ChordTones, keyScale: readonly number[], share: number): Float32Array {
  const scale = scaleOf(chord, keyScale);
  const tones = [...scale].filter((pitch) => chord.tones.includes(pitch));
  const own = tones.length / scale.size;
  const gain = -Math.log(own + (1 - own) * Math.exp(-share * STRENGTH));
  return Float32Array.from({ length: OCTAVE }, (_, pitch) =>
    tones.includes(pitch) ? gain : gain - share * STRENGTH - (scale.has(pitch) ? 0 : STRENGTH),
  );
}

/** Returns the scale that goes with a chord in a key, as `music/chord_scales.py` has it. */
function scaleOf(chord: ChordTones, keyScale: readonly number[]): Set<number> {
  const own = new Set(keyScale);
  if (chord.tones.every((tone) => own.has(tone))) return own;
  let [best, most] = [new Set([...chord.tones, ...own]), -1];
  for (const family of tables.scales) {
    for (let tonic = 0; tonic < OCTAVE; tonic++) {
      const scale = new Set(family.map((semitones) => mod(tonic + semitones)));
      const common = keyScale.filter((pitch) => scale.has(pitch)).length;
      if (common > most && chord.tones.every((tone) => scale.has(tone))) [best, most] = [scale, common];
    }
  }
  return best;
}
