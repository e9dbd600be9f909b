/**
 * Chord symbols as people write them: the rules of the Python package's `music/chords.py` and of note_seq, whose tables
 * `make page` puts beside.
 */
import tables from './tables.json';

const OCTAVE = 12;
const MAX_SYMBOL = 40;
const NO_CHORD = /^(?:N\.?C\.?|no chord|-|)$/i;
const PARTS = /^([A-G][#b]*)([^]*?)(\/[A-G][#b]*)?$/;
const SYMBOL = new RegExp(`^${tables.symbol}`);
const SPELLINGS = tables.spellings.map(([pattern, plain]) => [new RegExp(pattern, 'g'), plain] as const);
const KINDS = tables.kinds as unknown as Record<string, [degree: number, alter: number][]>;
const ABOVE_ROOT = [0, 2, 4, 5, 7, 9, 11];
const LETTERS: Record<string, number> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const TRIADS = ['0 0 0', '0 -1 0', '0 0 1', '0 -1 -1'];
const OTHER = 4;

/** What a chord symbol stands for. */
export interface ChordTones {
  /** Pitch classes; C is 0. */
  root: number;
  tones: number[];
  bass: number;
  /** The place of its triad's quality: major, minor, augmented, diminished, another one. */
  quality: number;
}

/** Returns the chord of a symbol; null where no chord sounds, undefined if it is none that is known. */
export function parseChord(symbol: string): ChordTones | null | undefined {
  const text = symbol.trim().slice(0, MAX_SYMBOL + 1).replaceAll('♯', '#').replaceAll('♭', 'b');
  if (NO_CHORD.test(text)) return null;
  const match = SYMBOL.exec(plainSymbol(text));
  if (!match) return undefined;
  const [, rootName, kind, changes, bass] = match;
  const degrees = new Map(KINDS[kind]);
  for (const [, change, name] of changes.matchAll(/\(?(add#|addb|add|no|#|b)([0-9]+)\)?/g)) {
    if (!changeDegree(degrees, change, Number(name))) return undefined;
  }
  const root = pitchClassOf(rootName);
  const tones = [...degrees].map(([degree, alter]) => mod(root + ABOVE_ROOT[(degree + 6) % 7] + alter));
  const triad = [1, 3, 5].map((degree) => degrees.get(degree));
  const quality = TRIADS.indexOf(triad.join(' '));
  return { root, tones: [...new Set(tones)], bass: bass ? pitchClassOf(bass.slice(1)) : root, quality: quality < 0 ? OTHER : quality };
}

/** Returns a symbol's root, what is written after it, and its bass; undefined if it has no root. */
export function partsOf(symbol: string): { root: string; suffix: string; bass?: string } | undefined {
  const match = /^([A-G][#b]*)(.*?)(?:\/([A-G][#b]*))?$/.exec(symbol.trim());
  return match ? { root: match[1], suffix: match[2].trim(), bass: match[3] } : undefined;
}

/** Returns a pitch class from 0 to 11. */
export function mod(pitch: number): number {
  return ((pitch % OCTAVE) + OCTAVE) % OCTAVE;
}

function plainSymbol(text: string): string {
  const match = PARTS.exec(text);
  if (!match || text.length > MAX_SYMBOL) return text;
  const [, root, kind, bass = ''] = match;
  return root + SPELLINGS.reduce((own, [pattern, plain]) => own.replace(pattern, () => plain), kind) + bass;
}

/** Adds, takes out or alters a degree; returns whether that can be done. */
function changeDegree(degrees: Map<number, number>, change: string, degree: number): boolean {
  const alter = change.endsWith('#') ? 1 : change.endsWith('b') ? -1 : 0;
  const isThere = degrees.has(degree);
  if (change === 'no') return degrees.delete(degree);
  if (!change.startsWith('add')) degrees.set(degree, (degrees.get(degree) ?? 0) + alter);
  // An added seventh is the small one.
  else if (!isThere) degrees.set(degree, degree === 7 ? alter - 1 : alter);
  return !(change.startsWith('add') && isThere);
}

function pitchClassOf(name: string): number {
  return mod(LETTERS[name[0]] + [...name.slice(1)].reduce((sum, sign) => sum + (sign === '#' ? 1 : -1), 0));
}
