/** MIDI files: reading the first melody, and writing one. */
import { parseMidi, writeMidi, type MidiData, type MidiEvent } from 'midi-file';
import type { Accompaniment, AccompanyingNote } from '../chords/accompaniment';
import type { Melody, Meter } from '../types';
import { FileError } from './error';
import { parseKey, type Key } from './keys';
import { notesOf } from './notes';
import { barUnits, COMMON_TIME, isUsual, MAX_NOTES, plainBar, QUARTER, type Bar, type Note, type Score } from './score';

const TICKS_PER_QUARTER = 480;
const TICKS_PER_STEP = TICKS_PER_QUARTER / 4;
const DRUM_CHANNEL = 9;
const VELOCITY = 100;
/** Their names tell readers that they are no melody. */
const PLAYERS = [
  { part: 'chords', name: 'accompaniment, piano', program: 0 },
  { part: 'bass', name: 'accompaniment, bass', program: 32 },
] as const;
const MAX_BARS = 20_000;

interface Timed {
  time: number;
  event: MidiEvent;
}

/** Reads the first part with notes that is no drums. */
export function readMidi(bytes: Uint8Array): Score {
  const file = parse(bytes);
  const division = file.header.ticksPerBeat;
  if (!division) throw new FileError('file.smpte');
  const tracks = file.tracks.map((track) => timed(track, division));
  const all = tracks.flat().sort((a, b) => a.time - b.time);
  const notes = tracks.flatMap(partsOf)[0] ?? [];
  const lastNote = notes.reduce((latest, note) => Math.max(latest, note.end), 0);
  const bars = barsOf(metersOf(all), lastNote);
  const tempo = all.flatMap(({ event }) => (event.type === 'setTempo' && event.microsecondsPerBeat ? [event] : []))[0];
  return {
    notes,
    bars,
    end: Math.max(lastNote, bars[bars.length - 1].start + barUnits(bars[bars.length - 1].meter)),
    quartersPerMinute: tempo && Math.round(60e9 / tempo.microsecondsPerBeat) / 1000,
    key: all.flatMap(({ event }) => keyOf(event))[0],
    title: titleOf(file),
  };
}

/**
 * Returns a melody as a type 1 file: a track of tempo, meter, key and chord symbols beside the one of notes, and those of
 * an accompaniment.
 */
export function toMidi(melody: Melody, accompaniment?: Accompaniment): Uint8Array {
  const key = parseKey(melody.key);
  const first = melody.pickupSteps ? melody.stepsPerBar - melody.pickupSteps : 0;
  const header: Timed[] = [
    { time: 0, event: { deltaTime: 0, type: 'trackName', meta: true, text: toUtf8(melody.title ?? '') } },
    { time: 0, event: { deltaTime: 0, type: 'setTempo', meta: true, microsecondsPerBeat: Math.round(60e6 / melody.quartersPerMinute) } },
  ];
  // A pickup is written as notation programs do: a short first meter of one bar.
  if (melody.pickupSteps) header.push(meterEvent(0, inLowestTerms(melody.pickupSteps)));
  header.push(meterEvent(melody.pickupSteps * TICKS_PER_STEP, melody.meter));
  if (key) header.push({ time: 0, event: { deltaTime: 0, type: 'keySignature', meta: true, key: key.sharps, scale: key.mode === 'minor' ? 1 : 0 } });
  for (const { step, symbol } of melody.chords ?? []) {
    header.push({ time: (step - first) * TICKS_PER_STEP, event: { deltaTime: 0, type: 'text', meta: true, text: toUtf8(`Chord: ${symbol}`) } });
  }
  const notes = notesOf(melody.events).flatMap(({ start, end, pitch }): Timed[] => [
    { time: (start - first) * TICKS_PER_STEP, event: { deltaTime: 0, channel: 0, type: 'noteOn', noteNumber: pitch, velocity: VELOCITY } },
    { time: (end - first) * TICKS_PER_STEP, event: { deltaTime: 0, channel: 0, type: 'noteOff', noteNumber: pitch, velocity: 0 } },
  ]);
  const end = (melody.events.length - first) * TICKS_PER_STEP;
  const others = PLAYERS.map(({ part, name, program }, number) => playerTrack(accompaniment?.[part] ?? [], first, name, program, number + 1));
  const tracks = [header, notes, ...others.filter((own) => own.length)].map((own) => track(own, end));
  return Uint8Array.from(writeMidi({ header: { format: 1, numTracks: tracks.length, ticksPerBeat: TICKS_PER_QUARTER }, tracks }));
}

/** Returns what a player of the accompaniment does; nothing where there is nothing to play. */
function playerTrack(notes: readonly AccompanyingNote[], first: number, name: string, programNumber: number, channel: number): Timed[] {
  if (!notes.length) return [];
  const tick = (step: number) => Math.round((step - first) * TICKS_PER_STEP);
  const played = notes.flatMap(({ start, end, pitch: noteNumber, strength }): Timed[] => {
    const velocity = Math.round(VELOCITY * strength);
    return [
      { time: tick(start), event: { deltaTime: 0, channel, type: 'noteOn', noteNumber, velocity } },
      { time: tick(end), event: { deltaTime: 0, channel, type: 'noteOff', noteNumber, velocity: 0 } },
    ];
  });
  // What ends at a tick ends before anything begins there.
  const rank = ({ event }: Timed) => (event.type === 'noteOn' ? 1 : 0);
  return [
    { time: 0, event: { deltaTime: 0, type: 'trackName', meta: true, text: name } },
    { time: 0, event: { deltaTime: 0, channel, type: 'programChange', programNumber } },
    ...played.sort((one, other) => one.time - other.time || rank(one) - rank(other)),
  ];
}

function parse(bytes: Uint8Array): MidiData {
  try {
    return parseMidi(bytes);
  } catch {
    throw new FileError('file.notMidi');
  }
}

function timed(track: MidiEvent[], division: number): Timed[] {
  let tick = 0;
  return track.map((event) => {
    tick += event.deltaTime;
    return { time: Math.round((tick * QUARTER) / division), event };
  });
}

/** Returns the notes of each channel of a track but drums, of those that have any. */
function partsOf(track: Timed[]): Note[][] {
  const parts = new Map<number, Note[]>();
  const sounding = new Map<number, Note[]>();
  for (const { time, event } of track) {
    if (event.type !== 'noteOn' && event.type !== 'noteOff') continue;
    const { channel, noteNumber: pitch } = event;
    if (channel === DRUM_CHANNEL) continue;
    const part = parts.get(channel) ?? parts.set(channel, []).get(channel)!;
    const place = channel * 128 + pitch;
    const open = sounding.get(place) ?? sounding.set(place, []).get(place)!;
    if (event.type === 'noteOn' && event.velocity > 0) {
      const note = { start: time, end: time, pitch };
      part.push(note);
      open.push(note);
      if (part.length > MAX_NOTES) throw new FileError('file.tooManyNotes', { count: MAX_NOTES });
    } else {
      const note = open.shift();
      if (note) note.end = time;
    }
  }
  return [...parts.entries()].sort(([a], [b]) => a - b).map(([, notes]) => notes);
}

function metersOf(all: Timed[]): { time: number; meter: Meter }[] {
  const meters: { time: number; meter: Meter }[] = [];
  for (const { time, event } of all) {
    if (event.type !== 'timeSignature') continue;
    const meter: Meter = [event.numerator, event.denominator];
    if (!isUsual(meter)) continue;
    if (meters[meters.length - 1]?.time === time) meters.pop();
    const last = meters[meters.length - 1];
    if (!last || last.meter.join() !== meter.join()) meters.push({ time, meter });
  }
  return meters;
}

/** Returns the bars that meters make; a short first meter that lasts one bar is a pickup of the second. */
function barsOf(meters: { time: number; meter: Meter }[], end: number): Bar[] {
  const [first, second, ...rest] = meters;
  if (first && second && first.time === 0) {
    const length = barUnits(first.meter);
    if (length < barUnits(second.meter) && Math.abs(second.time - length) < QUARTER / 100) {
      return [plainBar(0, second.meter), ...barsFrom([second, ...rest], end)];
    }
  }
  const changes = first?.time === 0 ? meters : [{ time: 0, meter: first?.meter ?? COMMON_TIME }, ...meters];
  return barsFrom(changes, end);
}

function barsFrom(changes: { time: number; meter: Meter }[], end: number): Bar[] {
  const bars: Bar[] = [];
  changes.forEach(({ time, meter }, number) => {
    const limit = changes[number + 1]?.time ?? Math.max(end, time + 1);
    for (let now = time; now < limit && bars.length < MAX_BARS; now += barUnits(meter)) bars.push(plainBar(now, meter));
  });
  return bars;
}

function keyOf(event: MidiEvent): Key[] {
  if (event.type !== 'keySignature' || Math.abs(event.key) > 7 || event.scale > 1) return [];
  return [{ sharps: event.key, mode: event.scale ? 'minor' : 'major' }];
}

/** Returns the name of a first track without notes; that of one with notes names an instrument. */
function titleOf(file: MidiData): string {
  const [first] = file.tracks;
  if (!first || file.tracks.length < 2 || first.some((event) => event.type === 'noteOn')) return '';
  const name = first.flatMap((event) => (event.type === 'trackName' ? [event.text] : []))[0] ?? '';
  return fromUtf8(name).trim();
}

function meterEvent(time: number, [numerator, denominator]: Meter): Timed {
  const clocks = { metronome: 24, thirtyseconds: 8 };
  return { time, event: { deltaTime: 0, type: 'timeSignature', meta: true, numerator, denominator, ...clocks } };
}

function inLowestTerms(sixteenths: number): Meter {
  let meter: Meter = [sixteenths, 16];
  while (meter[0] % 2 === 0 && meter[1] > 4) meter = [meter[0] / 2, meter[1] / 2];
  return meter;
}

function track(events: Timed[], end: number): MidiEvent[] {
  let now = 0;
  const last = events.reduce((latest, { time }) => Math.max(latest, time), end);
  const closing: Timed = { time: last, event: { deltaTime: 0, type: 'endOfTrack', meta: true } };
  // Sorting is stable, and a note's end was put before the next one's start.
  const ordered = [...events].sort((a, b) => a.time - b.time);
  return [...ordered, closing].map(({ time, event }) => {
    const deltaTime = time - now;
    now = time;
    return { ...event, deltaTime };
  });
}

function toUtf8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text.slice(0, 200)));
}

function fromUtf8(bytes: string): string {
  return new TextDecoder().decode(Uint8Array.from(bytes, (char) => char.charCodeAt(0)));
}
