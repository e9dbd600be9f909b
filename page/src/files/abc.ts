/** ABC tune books: reading the first voice of the first tune, through abcjs. */
import abcjs from 'abcjs';
import type { Meter } from '../types';
import { FileError } from './error';
import { parseKey, type Key } from './keys';
import { barUnits, COMMON_TIME, isUsual, MAX_NOTES, plainBar, QUARTER, type Bar, type Note, type Score } from './score';

const MAX_CHARACTERS = 200_000;
const ALTERS: Record<string, number> = { sharp: 1, flat: -1, natural: 0, dblsharp: 2, dblflat: -2 };
const SEMITONES = [0, 2, 4, 5, 7, 9, 11];
const LETTERS = 'CDEFGAB';
const FIELD_LINE = /^(%|[A-Za-z+]:(?![|:]))/;
/** Texts, inline fields and decorations, or a sign of old books that abcjs would take for the beginning of one. */
const QUOTED_OR_LONE = /"[^"]*"|\[[A-Za-z]:[^\]]*\]|![\w.<>()+-]+!|\+[\w.]+\+|[!+]/g;

/** What abcjs makes of a voice's words; the parts of it that say what sounds when. */
interface Word {
  el_type: string;
  duration?: number;
  pitches?: { pitch: number; accidental?: string; startTie?: object }[];
  rest?: { type: string; text?: number };
  startTriplet?: number;
  tripletMultiplier?: number;
  endTriplet?: boolean;
  type?: string;
  startEnding?: string;
  accidentals?: KeySign[];
  value?: { num: string; den: string }[];
}

interface KeySign {
  acc: string;
  note: string;
}

interface KeyWord {
  accidentals?: KeySign[];
  root: string;
  acc: string;
  mode: string;
}

interface Staff {
  clef: { type: string; transpose?: number };
  key: KeyWord;
  meter?: Word;
  voices: Word[][];
}

interface Tune {
  lines: { staff?: Staff[] }[];
  metaText: { title?: string; tempo?: { duration?: number[]; bpm?: number } };
}

/** Reads the first tune of a tune book; in it the first voice, with the layers of its bars. */
export function readAbc(text: string): Score {
  const source = firstTune(text);
  if (source.length > MAX_CHARACTERS) throw new FileError('file.tooManyNotes', { count: MAX_NOTES });
  const tune = parse(source);
  const staves = tune.lines.flatMap((line) => line.staff?.slice(0, 1) ?? []);
  if (!staves.length) throw new FileError('file.noNotes');
  const meter = meterOf(staves[0].meter);
  // Without V: all voices beside the first are layers of it.
  const numVoices = /^\s*V:|\[V:/m.test(source) ? 1 : Math.max(...staves.map((staff) => staff.voices.length));
  const voices = Array.from({ length: numVoices }, (_, number) => new Voice(staves, number, meter ?? COMMON_TIME));
  const notes = voices.flatMap((voice) => voice.notes).sort((a, b) => a.start - b.start || b.pitch - a.pitch);
  const [{ bars, now: end }] = voices;
  return { notes, bars, end, quartersPerMinute: tempoOf(tune, source), key: keyOf(staves[0].key), title: tune.metaText.title?.replace(/\s+/g, ' ') };
}

function parse(source: string): Tune {
  try {
    return abcjs.parseOnly(source)[0] as unknown as Tune;
  } catch {
    throw new FileError('file.notAbc');
  }
}

/** Returns the text of the first tune with the file's header: up to the next X:, or an empty line after its music. */
function firstTune(text: string): string {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n?|\n/).map((line) => line.trim());
  const start = lines.findIndex((line) => line.startsWith('X:'));
  if (start < 0) throw new FileError('file.notAbc');
  const kept = lines.slice(0, start).filter((line) => /^([MLQ]:|%%MIDI)/.test(line));
  kept.unshift('X:1');
  let hasMusic = false;
  let inText = false;
  for (const line of lines.slice(start + 1)) {
    if (/^%%begin(text|ps|svg)/.test(line)) inText = true;
    if (line.startsWith('X:') || (line === '' && hasMusic && !inText)) break;
    const isMusic = line !== '' && !FIELD_LINE.test(line);
    if (line !== '' && !inText) kept.push(isMusic ? line.replace(QUOTED_OR_LONE, (word) => (word.length > 1 ? word : '')) : line);
    if (line.startsWith('%%end')) inText = false;
    hasMusic ||= isMusic && kept.some((earlier) => earlier.startsWith('K:'));
  }
  return kept.join('\n');
}

/** One voice, staff by staff: what its words make, note by note and bar by bar. */
class Voice {
  notes: Note[] = [];
  bars: Bar[];
  now = 0;
  private signs: Record<string, number> = {};
  private altered: Record<string, number> = {};
  /** The notes that are tied, by their places on the staff. */
  private ties = new Map<number, Note>();
  private triplet = 1;
  private shift = 0;

  constructor(staves: Staff[], number: number, private meter: Meter) {
    this.bars = [plainBar(0, meter)];
    for (const staff of staves) {
      this.signs = signsOf(staff.key);
      this.shift = shiftOf(staff.clef);
      for (const word of staff.voices[number] ?? []) this.take(word);
    }
    if (this.bars.length > 1 && this.bars[this.bars.length - 1].start >= this.now) this.bars.pop();
  }

  private take(word: Word): void {
    if (word.el_type === 'note') this.note(word);
    else if (word.el_type === 'bar') this.bar(word);
    else if (word.el_type === 'key') this.signs = signsOf(word as unknown as KeyWord);
    else if (word.el_type === 'clef') this.shift = shiftOf(word as unknown as Staff['clef']);
    else if (word.el_type === 'meter') {
      this.meter = meterOf(word) ?? this.meter;
      const bar = this.bars[this.bars.length - 1];
      if (bar.start === this.now) bar.meter = this.meter;
    }
  }

  private note(word: Word): void {
    if (word.startTriplet) this.triplet = word.tripletMultiplier ?? 1;
    const end = this.now + this.length(word);
    if (word.endTriplet) this.triplet = 1;
    const ties = new Map<number, Note>();
    for (const { pitch: place, accidental, startTie } of word.pitches ?? []) {
      const letter = LETTERS[mod(place, 7)];
      if (accidental && accidental in ALTERS) this.altered[letter] = ALTERS[accidental];
      const alter = this.altered[letter] ?? this.signs[letter] ?? 0;
      const held = this.ties.get(place);
      let pitch = 60 + 12 * Math.floor(place / 7) + SEMITONES[mod(place, 7)] + alter + this.shift;
      // A tied note keeps its accidental over the bar line.
      if (held && !accidental) pitch = held.pitch;
      let note = held;
      if (held && held.pitch === pitch) held.end = end;
      else this.notes.push((note = { start: this.now, end, pitch }));
      if (pitch < 0 || pitch > 127) throw new FileError('file.pitch', { pitch });
      if (startTie && note) ties.set(place, note);
    }
    if (this.notes.length > MAX_NOTES) throw new FileError('file.tooManyNotes', { count: MAX_NOTES });
    this.ties = ties;
    this.now = end;
  }

  private length({ duration = 0, rest }: Word): number {
    if (rest?.type === 'spacer') return 0;
    if (rest?.type.endsWith('multimeasure')) return barUnits(this.meter) * Number(rest.text ?? 1);
    return Math.round(duration * 4 * QUARTER * this.triplet);
  }

  private bar({ type = '', startEnding }: Word): void {
    this.altered = {};
    const last = this.bars[this.bars.length - 1];
    const isNew = last.start < this.now;
    const bar = isNew ? plainBar(this.now, this.meter) : last;
    // Two signs at one place are one; what closes belongs to the bar before.
    const closed = isNew ? last : this.bars[this.bars.length - 2];
    if (closed) {
      if (/right_repeat|dbl_repeat/.test(type)) closed.times = 2;
      closed.isDouble ||= !['bar_thin', 'bar_invisible'].includes(type);
    }
    bar.opensRepeat ||= /left_repeat|dbl_repeat/.test(type);
    if (startEnding) bar.endings = [...startEnding.matchAll(/\d+/g)].map(Number);
    if (isNew) this.bars.push(bar);
  }
}

function signsOf({ accidentals = [] }: KeyWord): Record<string, number> {
  return Object.fromEntries(accidentals.map(({ acc, note }) => [note.toUpperCase(), ALTERS[acc] ?? 0]));
}

/** Returns by how much all sounds higher than it is written. */
function shiftOf({ type, transpose = 0 }: Staff['clef']): number {
  return transpose + (type.endsWith('-8') ? -12 : type.endsWith('+8') ? 12 : 0);
}

function meterOf(word: Word | undefined): Meter | undefined {
  if (word?.type === 'common_time') return [4, 4];
  if (word?.type === 'cut_time') return [2, 2];
  const value = word?.value?.[0];
  if (!value?.den) return undefined;
  const beats = [...value.num.matchAll(/\d+/g)].reduce((sum, [number]) => sum + Number(number), 0);
  const meter: Meter = [beats, Number(value.den)];
  return isUsual(meter) ? meter : undefined;
}

function keyOf({ root, acc, mode }: KeyWord): Key | undefined {
  if (root === 'HP' || root === 'Hp') return { sharps: 2, mode: 'mixolydian' };
  return root === 'none' ? undefined : parseKey(`${root}${acc === 'sharp' ? '#' : acc === 'flat' ? 'b' : acc} ${mode}`);
}

function tempoOf({ metaText: { tempo } }: Tune, source: string): number | undefined {
  if (!tempo?.bpm) return undefined;
  const quarters = 4 * (tempo.duration ?? [0.25]).reduce((sum, length) => sum + length, 0);
  // abcjs leaves out what stands after the point.
  const exact = Number(/^Q:.*?(\d+\.\d+)/m.exec(source)?.[1]);
  const qpm = quarters * (Math.floor(exact) === tempo.bpm ? exact : tempo.bpm);
  return qpm >= 1 && qpm <= 10_000 ? qpm : undefined;
}

function mod(value: number, size: number): number {
  return ((value % size) + size) % size;
}
