/** Keys and the names of pitches. Octaves are numbered as in C4, middle C. */

/** A key signature with its mode: `sharps` from -7 (flats) to 7. */
export interface Key {
  sharps: number;
  mode: Mode;
}

/** A pitch by its name: a letter from A to G, semitones of its accidental, octave 4 for the one from middle C on. */
export interface Spelled {
  letter: string;
  alter: number;
  octave: number;
}

export type Mode = keyof typeof MODES;

/** Sharps that the signature of each mode has more than that of the major key on the same tonic. */
const MODES = { major: 0, minor: -3, dorian: -2, phrygian: -4, lydian: 1, mixolydian: -1, locrian: -5 };
const MODE_STARTS: Record<string, Mode> = {
  maj: 'major', ion: 'major', min: 'minor', aeo: 'minor', dor: 'dorian', phr: 'phrygian', lyd: 'lydian', mix: 'mixolydian', loc: 'locrian',
};
const FIFTHS = ['F', 'C', 'G', 'D', 'A', 'E', 'B'];
const NATURALS: Record<string, number> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const SYLLABLES: Record<string, string> = { C: 'do', D: 're', E: 'mi', F: 'fa', G: 'sol', A: 'la', B: 'si' };
const KEY = /^([A-G])([#♯b♭]?)\s*([a-z]*)$/i;

/** Returns the key that a name such as 'D', 'F#m', 'Bb minor' or 'E dorian' means; undefined if it means none. */
export function parseKey(name = ''): Key | undefined {
  const match = KEY.exec(name.trim());
  if (!match) return undefined;
  const [, natural, accidental, modeName] = match;
  const mode = modeName === '' ? 'major' : modeName === 'm' ? 'minor' : MODE_STARTS[modeName.slice(0, 3).toLowerCase()];
  if (!mode) return undefined;
  const sharps = FIFTHS.indexOf(natural.toUpperCase()) - 1 + 7 * alterOf(accidental) + MODES[mode];
  return Math.abs(sharps) <= 7 ? { sharps, mode } : undefined;
}

/** Returns a key's tonic, such as F# or Bb. */
export function tonicName(key: Key): string {
  return nameOnFifths(key.sharps - MODES[key.mode]);
}

/** Returns the pitch class of a key's tonic. */
export function tonicOf(key: Key): number {
  return (7 * (key.sharps - MODES[key.mode]) + 84) % 12;
}

/** Returns a key's name, such as 'D major'; `parseKey` is the inverse. */
export function keyName(key: Key): string {
  return `${tonicName(key)} ${key.mode}`;
}

/** Returns the letters that a key signature alters, each with 1 (sharp) or -1 (flat). */
export function signature(key: Key | undefined): Record<string, number> {
  const sharps = key?.sharps ?? 0;
  const letters = sharps >= 0 ? FIFTHS.slice(0, sharps) : FIFTHS.slice(sharps);
  return Object.fromEntries(letters.map((letter) => [letter, Math.sign(sharps)]));
}

/** Returns a pitch's name as a key spells it: F#4, or fa#4 in syllables. */
export function pitchName(pitch: number, key?: Key, inSyllables = false): string {
  const { letter, alter, octave } = spell(pitch, key);
  return `${inSyllables ? SYLLABLES[letter] : letter}${(alter < 0 ? '♭' : '♯').repeat(Math.abs(alter))}${octave}`;
}

/**
 * Returns a pitch as a key spells it. One outside the key takes the name that is nearest on the line of fifths; the
 * raised seventh of a minor key is as near as the lowered one of its tonic, and is what is meant.
 */
export function spell(pitch: number, key?: Key): Spelled {
  const place = (pitch * 7) % 12;
  let distance = (key?.sharps ?? 0) + 2 - place;
  if (key?.mode === 'minor' && distance === 6) distance += 1;
  const name = nameOnFifths(place + 12 * roundHalfToEven(distance / 12));
  const alter = alterOf(name.slice(1));
  return { letter: name[0], alter, octave: (pitch - alter - NATURALS[name[0]]) / 12 - 1 };
}

function nameOnFifths(place: number): string {
  const accidentals = Math.floor((place + 1) / 7);
  return FIFTHS[place + 1 - 7 * accidentals] + (accidentals < 0 ? 'b' : '#').repeat(Math.abs(accidentals));
}

function alterOf(accidentals: string): number {
  return [...accidentals].reduce((sum, sign) => sum + ('#♯'.includes(sign) ? 1 : -1), 0);
}

function roundHalfToEven(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2 === 0 ? 0 : 1) : Math.round(value);
}
