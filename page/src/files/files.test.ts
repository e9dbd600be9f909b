import { strToU8, zipSync } from 'fflate';
import { readdirSync, readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { setLanguage } from '../texts';
import type { Melody, Meter } from '../types';
import { readFile, toAbc, toMidi, toMusicXml } from '.';
import { placedAbc } from './abc_writer';
import { engrave } from './engraving';

const CASES = '../tests/data/cases';

interface Case {
  file: string;
  melody?: string;
  meter?: string;
  qpm?: number;
}

beforeEach(() => setLanguage('en'));

/** Returns a melody as `cases.json` writes it: pitch:steps, 'off' for silence, '-' for what comes before the first note. */
function described({ events }: Melody): string {
  const starts = events.flatMap((event, step) => (event !== -2 || step === 0 ? [step] : []));
  return starts
    .map((step, place) => {
      const name = events[step] === -2 ? '-' : events[step] === -1 ? 'off' : String(events[step]);
      return `${name}:${(starts[place + 1] ?? events.length) - step}`;
    })
    .join(' ');
}

function file(data: string | Uint8Array, name: string): File {
  return new File([data as BlobPart], name);
}

function abcFile(music: string, meter = '4/4'): File {
  return file(`X:1\nM:${meter}\nL:1/4\nK:C\n${music}\n`, 'tune.abc');
}

function melody(events: number[], meter: Meter, more: Partial<Melody> = {}): Melody {
  return { events, meter, stepsPerBar: (16 * meter[0]) / meter[1], quartersPerMinute: 120, pickupSteps: 0, title: 'tune', ...more };
}

const hold = (pitch: number, steps: number): number[] => [pitch, ...new Array<number>(steps - 1).fill(-2)];

describe('the files of public bug reports', () => {
  const cases = JSON.parse(readFileSync(`${CASES}/cases.json`, 'utf8')) as Case[];
  test.each(cases.filter((each) => readdirSync(CASES).includes(each.file)))('$file', async (each) => {
    const read = await readFile(file(readFileSync(`${CASES}/${each.file}`), each.file));
    if (each.melody) expect(described(read)).toBe(each.melody);
    if (each.meter) expect(read.meter.join('/')).toBe(each.meter);
    if (each.qpm) expect(read.quartersPerMinute).toBeCloseTo(each.qpm, 2);
  });
});

describe('what is written reads as the same', () => {
  const tunes: Record<string, Melody> = {
    pickup: melody([...new Array<number>(12).fill(-2), ...hold(62, 2), ...hold(64, 2), ...hold(66, 16), ...hold(68, 12)], [4, 4], {
      pickupSteps: 4,
      key: 'D major',
    }),
    'rests and ties': melody([...hold(70, 7), ...hold(-1, 3), ...hold(69, 14), 68, 69, ...hold(70, 12)], [6, 8], { key: 'G minor' }),
    flats: melody([...hold(59, 3), 64, ...hold(66, 2), ...hold(68, 8)], [7, 8], { key: 'Cb major', quartersPerMinute: 97.5 }),
    'no key': melody([...hold(61, 20), ...hold(73, 4)], [3, 2]),
    'a rest of a whole bar': melody([...hold(60, 16), ...hold(-1, 16), ...hold(60, 16)], [4, 4], { key: 'A minor' }),
  };
  const writers = { mid: toMidi, abc: toAbc, musicxml: toMusicXml };
  const pairs = Object.keys(tunes).flatMap((name) => Object.keys(writers).map((kind) => ({ name, kind: kind as keyof typeof writers })));
  test.each(pairs)('$name as .$kind', async ({ name, kind }) => {
    expect(await readFile(file(writers[kind](tunes[name]), `tune.${kind}`))).toEqual(tunes[name]);
  });
});

test('a title is not taken for signs of the format', async () => {
  const tune = melody(hold(60, 16), [4, 4], { title: 'Jig & <Reel> 100 ñ' });
  for (const [kind, write] of Object.entries({ mid: toMidi, musicxml: toMusicXml })) {
    expect((await readFile(file(write(tune), `x.${kind}`))).title).toBe(tune.title);
  }
  expect((await readFile(file(toAbc({ ...tune, title: '50% & more' }), 'x.abc'))).events).toEqual(tune.events);
});

test('notes are split where the meter has its beats', () => {
  const lengths = (events: number[], meter: Meter): number[] => engrave(melody(events, meter)).flatMap((bar) => bar.items.map((item) => item.length));
  expect(lengths([...hold(60, 2), ...hold(62, 8), ...hold(64, 6)], [4, 4])).toEqual([2, 6, 2, 6]);
  expect(lengths([...hold(60, 2), ...hold(62, 4), ...hold(64, 2), ...hold(65, 4)], [6, 8])).toEqual([2, 4, 2, 4]);
  expect(lengths([...hold(60, 4), ...hold(62, 8)], [6, 8])).toEqual([4, 2, 6]);
});

test('accidentals hold up to the bar line, and places are those of the notes', () => {
  const { text, places } = placedAbc(melody([61, 61, 60, 61, ...hold(60, 12), ...hold(63, 16)], [4, 4], { key: 'D major' }));
  const lines = text.split('\n');
  expect(lines[lines.length - 2]).toBe('CC=C^C =C12 | ^D16 |]');
  expect(places.map(({ index }) => text.slice(index).match(/^[\^=_]*[A-Ga-gz]/)?.[0])).toEqual(['C', 'C', '=C', '^C', '=C', '^D']);
});

describe('repeats', () => {
  const bar = (pitch: number): number[] => hold(pitch, 16);
  const sections = [
    { start: 0, label: 'A', times: 2, endings: [{ passes: [1], start: 16, events: bar(64), number: 64 }] },
    { start: 32, label: 'B', times: 3, endings: [] },
    { start: 48, label: 'C', times: 1, endings: [] },
  ];
  const tune = melody([...bar(60), ...bar(62), ...bar(65), ...bar(67)], [4, 4], { form: { sections, jump: [64, 0, 32] } });

  test('are signs in ABC', () => {
    const { text, places } = placedAbc(tune);
    expect(text.split('\n').slice(6, -1)).toEqual(['|:C8 |1 E8 :|2 D8 !fine! ||', '|::F8 ::|', 'G8 !D.C.! |]']);
    expect(places.map(({ step }) => step)).toEqual([0, 64, 16, 32, 48]);
  });

  test('are signs in MusicXML', () => {
    const signs = toMusicXml(tune).match(/<repeat [^>]*>|<ending [^>]*>|<words>.*?<.words>/g);
    expect(signs).toEqual([
      '<repeat direction="forward"/>',
      '<ending number="1" type="start">',
      '<ending number="1" type="stop"/>',
      '<repeat direction="backward"/>',
      '<ending number="2" type="start">',
      '<words>Fine</words>',
      '<ending number="2" type="discontinue"/>',
      '<repeat direction="forward"/>',
      '<repeat direction="backward" times="3"/>',
      '<words>D.C.</words>',
    ]);
  });
});

test('old line breaks of ABC do not swallow notes', async () => {
  expect(described(await readFile(abcFile('C D ! E F | G ! A B c')))).toBe('60:4 62:4 64:4 65:4 67:4 69:4 71:4 72:4');
});

describe('files that are none', () => {
  const xml = (body: string): File => file(`<?xml version="1.0"?>${body}`, 'x.musicxml');
  const empty = '<score-partwise><part-list><score-part id="P1"/></part-list><part id="P1"><measure/></part></score-partwise>';
  const bad: Record<string, [() => File, RegExp]> = {
    'of another kind': [() => file('hello', 'notes.txt'), /“notes.txt” is no music file/],
    empty: [() => file('', 'empty.mid'), /is empty/],
    'no MIDI': [() => file('hello', 'x.mid'), /no MIDI file/],
    'in frames': [() => file(Uint8Array.from([77, 84, 104, 100, 0, 0, 0, 6, 0, 0, 0, 1, 0xe7, 0x28]), 'x.mid'), /film frames/],
    'no ABC': [() => file('hello', 'x.abc'), /no ABC file/],
    'only rests': [() => abcFile('z4 |'), /no note/],
    'too high': [() => abcFile(`C'''''''`), /outside the range of MIDI/],
    'too long': [() => abcFile(`${'Z1000 |'.repeat(3)} C`), /longer than 625 bars/],
    'too fine a meter': [() => abcFile('C', '3/64'), /too fine/],
    'another document': [() => xml('<html/>'), /no score/],
    'an unfinished document': [() => xml('<score-partwise>'), /no MusicXML file/],
    'a document with entities': [() => xml('<!DOCTYPE a [<!ENTITY b "c">]><score-partwise/>'), /no MusicXML file/],
    'an empty score': [() => xml(empty), /no note/],
    'a damaged container': [() => file('PK hello', 'x.mxl'), /damaged/],
    'a container of something else': [() => file(zipSync({ 'notes.txt': strToU8('hello') }), 'x.mxl'), /holds no score/],
    'a container of too much': [() => file(zipSync({ 'big.xml': new Uint8Array(33 * 2 ** 20) }), 'x.mxl'), /more than 32 MB/],
    'too large': [() => file(new Uint8Array(9 * 2 ** 20), 'x.mid'), /larger than 8 MB/],
  };
  test.each(Object.keys(bad))('%s', async (name) => {
    const [make, message] = bad[name];
    const error: unknown = await readFile(make()).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'FileError', message: expect.stringMatching(message) as string });
  });

  test('are told in the language of the page', async () => {
    setLanguage('es');
    await expect(readFile(file('', 'vacío.mid'))).rejects.toThrow('«vacío.mid» está vacío');
  });
});
