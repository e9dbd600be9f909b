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
  may: 'major', men: 'minor', dór: 'dorian', fri: 'phrygian', eól: 'minor', eol: 'minor', jón: 'major', jon: 'major', lid: 'lydian', lok: 'locrian',
};
const FIFTHS = ['F', 'C', 'G', 'D', 'A', 'E', 'B'];
const NATURALS: Record<string, number> = {
  c: 0, d: 2, e: 4, f: 5, g: 7, a: 9, b: 11, do: 0, re: 2, mi: 4, fa: 5, sol: 7, la: 9, si: 11,
};
const SYLLABLES: Record<string, string> = { C: 'do', D: 're', E: 'mi', F: 'fa', G: 'sol', A: 'la', B: 'si' };
const NOTE = /^(do|re|ré|mi|fa|sol|la|si|[a-g])([#♯b♭]*)(-?\d+)?$/i;
const KEY = /^(do|re|ré|mi|fa|sol|la|si|[a-g])([#♯b♭]?)\s*([a-zóé]*)$/i;

/** Returns the key that a name such as 'D', 'F#m', 'Bb minor', 're menor' or 'E dorian' means; undefined if it means none. */
export function parseKey(name = ''): Key | undefined {
  const match = KEY.exec(name.trim());
  if (!match) return undefined;
  const [, natural, accidental, modeName] = match;
  const mode = modeName === '' ? 'major' : modeName === 'm' ? 'minor' : MODE_STARTS[modeName.slice(0, 3).toLowerCase()];
  if (!mode) return undefined;
  const letter = letterOf(natural);
  const sharps = FIFTHS.indexOf(letter) - 1 + 7 * alterOf(accidental) + MODES[mode];
  return Math.abs(sharps) <= 7 ? { sharps, mode } : undefined;
}

/** Returns a key's tonic, such as F# or Bb. */
export function tonicName(key: Key): string {
  return nameOnFifths(key.sharps - MODES[key.mode]);
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

/** Returns the pitch that a name such as C4, F#3, Bb5 or sol4 means, without an octave in octave 4; undefined if it means none in 0..127. */
export function parsePitch(name: string): number | undefined {
  const match = NOTE.exec(name.trim());
  if (!match) return undefined;
  const [, natural, accidentals, octave] = match;
  const pitch = NATURALS[letterOf(natural).toLowerCase()] + alterOf(accidentals) + 12 * (Number(octave ?? 4) + 1);
  return pitch >= 0 && pitch <= 127 ? pitch : undefined;
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
  return { letter: name[0], alter, octave: (pitch - alter - NATURALS[name[0].toLowerCase()]) / 12 - 1 };
}

function nameOnFifths(place: number): string {
  const accidentals = Math.floor((place + 1) / 7);
  return FIFTHS[place + 1 - 7 * accidentals] + (accidentals < 0 ? 'b' : '#').repeat(Math.abs(accidentals));
}

function letterOf(natural: string): string {
  const plain = natural.toLowerCase().replace('é', 'e');
  const syllable = Object.entries(SYLLABLES).find(([, name]) => name === plain);
  return syllable ? syllable[0] : plain.toUpperCase();
}

function alterOf(accidentals: string): number {
  return [...accidentals].reduce((sum, sign) => sum + ('#♯'.includes(sign) ? 1 : -1), 0);
}

function roundHalfToEven(value: number): number {
  const low = Math.floor(value);
  return value - low === 0.5 ? low + (low % 2 === 0 ? 0 : 1) : Math.round(value);
}
