/** MusicXML, plain or compressed: reading the first part that has notes and is no drums. */
import { unzipSync } from 'fflate';
import type { Meter } from '../types';
import { FileError } from './error';
import type { Key, Mode } from './keys';
import { barUnits, COMMON_TIME, isUsual, MAX_NOTES, plainBar, QUARTER, type Bar, type Note, type Score } from './score';

const MAX_UNPACKED_BYTES = 32 * 2 ** 20;
const MAX_BARS = 20_000;
const ABOVE_C: Record<string, number> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
const BEATS: Record<string, number> = { breve: 8, whole: 4, half: 2, quarter: 1, eighth: 0.5, '16th': 0.25, '32nd': 0.125 };
const SECTION_STYLES = ['light-light', 'light-heavy', 'heavy-light', 'heavy-heavy', 'heavy'];
const MODES = ['major', 'minor', 'dorian', 'phrygian', 'lydian', 'mixolydian', 'locrian'];

/** A measure of a part; times in units from its start. */
interface Measure {
  length: number;
  notes: { start: number; end: number; pitch: number; stops: boolean; begins: boolean }[];
  meter?: Meter;
  key?: Key | null;
  qpm?: number;
  bar: Bar;
}

/** Reads a document, or a container of one. */
export function readMusicXml(bytes: Uint8Array): Score {
  const isContainer = bytes[0] === 0x50 && bytes[1] === 0x4b;
  const root = parseDocument(isContainer ? unpack(bytes) : bytes);
  if (root.tagName !== 'score-partwise' && root.tagName !== 'score-timewise') throw new FileError('file.otherXml');
  const parts = partsOf(root).map(({ id, measures }) => ({ id, measures: new PartReader().read(measures) }));
  const starts = placeMeasures(parts.map((part) => part.measures));
  const melodies = parts.filter(({ id, measures }) => !isDrums(root, id) && measures.some((measure) => measure.notes.length));
  if (!melodies.length) throw new FileError('file.noNotes');
  const first = parts[0].measures;
  return {
    notes: notesOf(melodies[0].measures, starts),
    bars: barsOf(first, starts),
    end: starts[starts.length - 1],
    quartersPerMinute: parts.flatMap((part) => part.measures).find((measure) => measure.qpm)?.qpm,
    key: first.find((measure) => measure.key !== undefined)?.key ?? undefined,
    title: text(root.querySelector('work > work-title')) || text(root.querySelector('movement-title')),
  };
}

function unpack(bytes: Uint8Array): Uint8Array {
  let names: string[] = [];
  const extract = (wanted: string): Uint8Array => {
    const filter = (file: { name: string; originalSize: number }): boolean => {
      names.push(file.name);
      if (file.name === wanted && file.originalSize > MAX_UNPACKED_BYTES) {
        throw new FileError('file.unpacked', { size: MAX_UNPACKED_BYTES / 2 ** 20 });
      }
      return file.name === wanted;
    };
    names = [];
    return unzipSync(bytes, { filter })[wanted];
  };
  try {
    const container = extract('META-INF/container.xml');
    const declared = container && [...parseDocument(container).getElementsByTagName('*')].map((element) => element.getAttribute('full-path') ?? '');
    const found = declared?.find((path) => names.includes(path));
    const plain = names.find((name) => /\.(musicxml|xml)$/i.test(name) && !/^(META-INF|__MACOSX)\/|(^|\/)\./.test(name));
    const name = found ?? plain;
    if (!name) throw new FileError('file.emptyContainer');
    return extract(name);
  } catch (error) {
    throw error instanceof FileError ? error : new FileError('file.damagedContainer');
  }
}

function parseDocument(bytes: Uint8Array): Element {
  const source = decode(bytes);
  // No score defines entities; those that do are made to grow.
  if (source.includes('<!ENTITY')) throw new FileError('file.notXml');
  // Documents in a namespace read as those without.
  const plain = source.replace(/<score-(partwise|timewise)([^>]*?)\sxmlns\s*=\s*(["']).*?\3/, '<score-$1$2');
  const { documentElement } = new DOMParser().parseFromString(plain, 'application/xml');
  if (documentElement.getElementsByTagName('parsererror').length || documentElement.tagName === 'parsererror') {
    throw new FileError('file.notXml');
  }
  return documentElement;
}

function decode(bytes: Uint8Array): string {
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const declared = /encoding\s*=\s*["']([\w.-]+)["']/.exec(String.fromCharCode(...bytes.subarray(0, 200)))?.[1];
  try {
    return new TextDecoder(isUtf16 ? (bytes[0] === 0xff ? 'utf-16le' : 'utf-16be') : (declared ?? 'utf-8')).decode(bytes);
  } catch {
    throw new FileError('file.notXml');
  }
}

function partsOf(root: Element): { id: string; measures: Element[] }[] {
  const parts = new Map<string, Element[]>();
  for (const outer of children(root, root.tagName === 'score-partwise' ? 'part' : 'measure')) {
    for (const inner of children(outer, root.tagName === 'score-partwise' ? 'measure' : 'part')) {
      const part = root.tagName === 'score-partwise' ? outer : inner;
      const id = part.getAttribute('id') ?? '';
      parts.set(id, [...(parts.get(id) ?? []), inner]);
      if (parts.get(id)!.length > MAX_BARS) throw new FileError('file.tooManyNotes', { count: MAX_NOTES });
    }
  }
  return [...parts].map(([id, measures]) => ({ id, measures }));
}

function isDrums(root: Element, id: string): boolean {
  const about = [...root.getElementsByTagName('score-part')].find((part) => part.getAttribute('id') === id);
  return text(about?.querySelector('midi-channel')) === '10' || !!about?.querySelector('midi-unpitched');
}

/** What holds from measure to measure of a part. */
class PartReader {
  private divisions = 1;
  private transposition = 0;
  private numNotes = 0;

  read(elements: Element[]): Measure[] {
    return elements.map((element) => this.measure(element));
  }

  private measure(element: Element): Measure {
    const measure: Measure = { length: 0, notes: [], bar: plainBar(0, COMMON_TIME) };
    let now = 0;
    let last = 0;
    for (const child of element.children) {
      if (child.tagName === 'note') [now, last] = this.note(child, measure, now, last);
      else if (child.tagName === 'backup') now = Math.max(0, now - this.duration(child));
      else if (child.tagName === 'forward') now += this.duration(child);
      else if (child.tagName === 'attributes') this.attributes(child, measure);
      else if (child.tagName === 'barline') barline(child, measure.bar);
      else measure.qpm ??= tempoOf(child);
      measure.length = Math.max(measure.length, now);
    }
    return measure;
  }

  private duration(element: Element): number {
    return Math.round((number(element, 'duration') * QUARTER) / this.divisions);
  }

  private note(element: Element, measure: Measure, now: number, last: number): [number, number] {
    if (child(element, 'grace')) return [now, last];
    const duration = this.duration(element);
    const isChord = !!child(element, 'chord');
    const start = isChord ? last : now;
    const pitch = child(element, 'pitch');
    if (pitch && !child(element, 'cue') && duration > 0) {
      const ties = [...element.querySelectorAll(':scope > tie, :scope > notations > tied')].map((tie) => tie.getAttribute('type'));
      measure.notes.push({ start, end: start + duration, pitch: this.pitch(pitch), stops: ties.includes('stop'), begins: ties.includes('start') });
      if (++this.numNotes > MAX_NOTES) throw new FileError('file.tooManyNotes', { count: MAX_NOTES });
    }
    return [isChord ? now : now + duration, start];
  }

  private pitch(element: Element): number {
    const step = ABOVE_C[text(child(element, 'step'))];
    const alter = Math.round(number(element, 'alter'));
    const pitch = 12 * (number(element, 'octave') + 1) + step + alter + this.transposition;
    if (!(pitch >= 0 && pitch <= 127)) throw new FileError('file.pitch', { pitch: text(element) });
    return pitch;
  }

  private attributes(element: Element, measure: Measure): void {
    const divisions = number(element, 'divisions');
    if (divisions > 0) this.divisions = divisions;
    const [key, time, transpose] = ['key', 'time', 'transpose'].map((name) => child(element, name));
    if (key && measure.key === undefined) measure.key = keyOf(key);
    if (time) measure.meter = meterOf(time) ?? measure.meter;
    if (transpose) this.transposition = Math.round(number(transpose, 'chromatic') + 12 * number(transpose, 'octave-change'));
  }
}

function barline(element: Element, bar: Bar): void {
  const repeat = child(element, 'repeat');
  const ending = child(element, 'ending');
  if (repeat?.getAttribute('direction') === 'forward') bar.opensRepeat = true;
  else if (repeat) bar.times = Math.max(2, Number(repeat.getAttribute('times') ?? 2) || 2);
  if (ending?.getAttribute('type') === 'start') bar.endings = [...(ending.getAttribute('number') ?? '').matchAll(/\d+/g)].map(Number);
  else if (ending) bar.isDouble = true;
  if (element.getAttribute('location') !== 'left' && SECTION_STYLES.includes(text(child(element, 'bar-style')))) bar.isDouble = true;
}

/** Returns the tempo that a direction or sound says; a sound's own before that of its metronome mark. */
function tempoOf(element: Element): number | undefined {
  const sounds = element.tagName === 'sound' ? [element] : children(element, 'sound');
  const sounding = sounds.map((sound) => Number(sound.getAttribute('tempo'))).find((tempo) => tempo > 0);
  const mark = element.querySelector('metronome');
  const beat = BEATS[text(mark?.querySelector('beat-unit'))];
  const dots = mark?.querySelectorAll('beat-unit-dot').length ?? 0;
  const perMinute = Number(/\d+(\.\d+)?/.exec(text(mark?.querySelector('per-minute')))?.[0]);
  const qpm = sounding ?? perMinute * beat * (2 - 0.5 ** dots);
  return qpm >= 1 && qpm <= 10_000 ? qpm : undefined;
}

/** Returns where each measure begins, the same for all parts, and where the last one ends. */
function placeMeasures(parts: Measure[][]): number[] {
  const starts = [0];
  let meter = COMMON_TIME;
  const numMeasures = parts.reduce((most, { length }) => Math.max(most, length), 0);
  for (let index = 0; index < numMeasures; index++) {
    const here = parts.flatMap((part) => part[index] ?? []);
    meter = here.find((measure) => measure.meter)?.meter ?? meter;
    const length = here.reduce((most, measure) => Math.max(most, measure.length), 0);
    starts.push(starts[index] + (length || barUnits(meter)));
  }
  return starts;
}

function notesOf(measures: Measure[], starts: number[]): Note[] {
  const notes: Note[] = [];
  const ties = new Map<number, Note>();
  measures.forEach((measure, index) => {
    for (const { start, end, pitch, stops, begins } of measure.notes) {
      let note = stops ? ties.get(pitch) : undefined;
      if (stops) ties.delete(pitch);
      if (note?.end === start + starts[index]) note.end = end + starts[index];
      else notes.push((note = { start: start + starts[index], end: end + starts[index], pitch }));
      if (begins) ties.set(pitch, note);
    }
  });
  return notes.sort((a, b) => a.start - b.start || b.pitch - a.pitch);
}

function barsOf(measures: Measure[], starts: number[]): Bar[] {
  let meter = measures.find((measure) => measure.meter)?.meter ?? COMMON_TIME;
  return measures.map((measure, index) => {
    meter = measure.meter ?? meter;
    return { ...measure.bar, start: starts[index], meter };
  });
}

function keyOf(element: Element): Key | null {
  const fifths = text(child(element, 'fifths'));
  const name = text(child(element, 'mode')).toLowerCase().replace('ionian', 'major').replace('aeolian', 'minor');
  if (!/^[+-]?\d$/.test(fifths) || Math.abs(Number(fifths)) > 7) return null;
  return { sharps: Number(fifths), mode: MODES.includes(name) ? (name as Mode) : 'major' };
}

/** Reads a meter; several of them beside each other are added up, as 3+2/8 is. */
function meterOf(element: Element): Meter | undefined {
  const types = children(element, 'beat-type').map((type) => Number(text(type)));
  const finest = Math.max(...types);
  const total = children(element, 'beats').reduce((sum, beats, index) => {
    const own = [...text(beats).matchAll(/\d+/g)].reduce((count, [digits]) => count + Number(digits), 0);
    return sum + (own * finest) / types[index];
  }, 0);
  return types.length && isUsual([total, finest]) && Number.isInteger(total) ? [total, finest] : undefined;
}

function children(element: Element, name: string): Element[] {
  return [...element.children].filter((child) => child.tagName === name);
}

function child(element: Element, name: string): Element | undefined {
  return [...element.children].find((each) => each.tagName === name);
}

function text(element: Element | null | undefined): string {
  return element?.textContent?.trim() ?? '';
}

/** Returns the number in a child; a wrong or missing one counts as 0. */
function number(element: Element, name: string): number {
  return Number(text(child(element, name))) || 0;
}
