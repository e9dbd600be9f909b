/** A melody as ABC, and where each of its notes stands in the text. */
import type { Melody } from '../types';
import { engrave, groupNumbers, isSilent, type EngravedBar, type Item } from './engraving';
import { parseKey, signature, tonicName, type Spelled } from './keys';
import { notesOf } from './notes';

/** A tune in ABC; `places` has for each note head and rest its first step and the index of its first character. */
export interface AbcText {
  text: string;
  places: { step: number; end: number; index: number }[];
}

const ACCIDENTALS: Record<number, string> = { [-2]: '__', [-1]: '_', 0: '=', 1: '^', 2: '^^' };
const MODES = { major: '', minor: 'm', dorian: 'dor', phrygian: 'phr', lydian: 'lyd', mixolydian: 'mix', locrian: 'loc' };

/** Returns a melody as an ABC tune. */
export function toAbc(melody: Melody): string {
  return placedAbc(melody).text;
}

/** Returns the same with the places of its notes; `lineEnds` are the bars, from 0, that end a line. */
export function placedAbc(melody: Melody, lineEnds?: ReadonlySet<number>): AbcText {
  const key = parseKey(melody.key);
  const unit = isOfSixteenths(melody) ? 1 : 2;
  const header = [
    'X:1',
    `T:${plain(melody.title ?? '')}`,
    `M:${melody.meter.join('/')}`,
    `L:1/${16 / unit}`,
    `Q:${tempo(melody)}`,
    `K:${key ? tonicName(key) + MODES[key.mode] : 'none'}`,
  ];
  const places: AbcText['places'] = [];
  const bars = engrave(melody);
  const ends = lineEnds ?? everyFourth(bars.length, melody.pickupSteps > 0);
  let text = `${header.join('\n')}\n`;
  bars.forEach((bar, number) => {
    addBar(bar);
    text += number + 1 === bars.length ? '|]\n' : ends.has(number) ? '|\n' : '| ';
  });
  return { text, places };

  function addBar(bar: EngravedBar): void {
    const sign = accidentals(signature(key));
    const groups = groupNumbers(bar, melody.meter);
    bar.items.forEach((item, index) => {
      if (index && groups[index] !== groups[index - 1]) text += ' ';
      places.push({ step: item.start, end: item.start + item.length, index: text.length });
      text += isSilent(bar) ? 'Z' : item.name ? sign(item.name) + letter(item.name) + length(item, unit) : `z${length(item, unit)}`;
      if (item.isTied) text += '-';
    });
    text += ' ';
  }
}

/** Returns the bars that end lines of four, where no line has a bar alone. */
function everyFourth(numBars: number, hasPickup: boolean): Set<number> {
  const ends = Array.from({ length: numBars }, (_, number) => number);
  return new Set(ends.filter((number) => number + 2 < numBars && number > 0 && (number + (hasPickup ? 0 : 1)) % 4 === 0));
}

/** Returns what gives the accidental that a note needs in a bar, for readers that let them hold in their octave or in all. */
function accidentals(signs: Record<string, number>): (name: Spelled) => string {
  const byOctave: Record<string, number> = {};
  const byLetter: Record<string, number> = {};
  return ({ letter, alter, octave }) => {
    const own = signs[letter] ?? 0;
    const place = letter + octave;
    if ((byOctave[place] ?? own) === alter && (byLetter[letter] ?? own) === alter) return '';
    byOctave[place] = byLetter[letter] = alter;
    return ACCIDENTALS[alter];
  };
}

function letter({ letter, octave }: Spelled): string {
  return octave <= 4 ? letter + ','.repeat(4 - octave) : letter.toLowerCase() + "'".repeat(octave - 5);
}

function length(item: Item, unit: number): string {
  const units = item.length / unit;
  if (units === 1) return '';
  if (Number.isInteger(units)) return String(units);
  return units === 0.5 ? '/' : `${item.length}/${unit}`;
}

function isOfSixteenths(melody: Melody): boolean {
  const lengths = notesOf(melody).map(({ start, end }) => end - start).sort((a, b) => a - b);
  return lengths.length > 0 && lengths[Math.floor(lengths.length / 2)] <= 1;
}

/** Returns the tempo in the beats of the meter where that is a plain number, else in quarter notes. */
function tempo({ meter: [numerator, denominator], quartersPerMinute }: Melody): string {
  const [beat, quarters] = denominator === 8 && numerator % 3 === 0 ? ['3/8', 1.5] : denominator === 2 ? ['1/2', 2] : ['1/4', 1];
  const beats = round(quartersPerMinute / quarters);
  return beats * quarters === quartersPerMinute ? `${beat}=${beats}` : `1/4=${round(quartersPerMinute)}`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Returns a title on one line, without what ABC takes for a comment. */
function plain(title: string): string {
  return title.replace(/\s+/g, ' ').replace(/%/g, '\\%').trim().slice(0, 200);
}
