/** A melody as ABC, and where each of its notes stands in the text. */
import type { Melody } from '../types';
import { engrave, groupNumbers, isSilent, lineStarts, type EngravedBar, type Item } from './engraving';
import { parseKey, signature, tonicName, type Spelled } from './keys';
import type { Bar, Mark } from './layout';
import { notesOf } from './notes';

/**
 * A tune in ABC; `places` has for each note head and rest the tune's step that it begins on, the one after its last, and
 * the index of its first character.
 */
export interface AbcText {
  text: string;
  places: { step: number; end: number; index: number }[];
}

const ACCIDENTALS: Record<number, string> = { [-2]: '__', [-1]: '_', 0: '=', 1: '^', 2: '^^' };
const AT_START: Partial<Record<Mark, string>> = { segno: '!segno!', coda: '!coda!' };
const AT_END: Partial<Record<Mark, string>> = { fine: '!fine!', da_capo: '!D.C.!', dal_segno: '!D.S.!', to_coda: '!dacoda!' };
const BARS_PER_LINE = 4;
const MODES = { major: '', minor: 'm', dorian: 'dor', phrygian: 'phr', lydian: 'lyd', mixolydian: 'mix', locrian: 'loc' };

/** Returns a melody as an ABC tune. */
export function toAbc(melody: Melody): string {
  return placedAbc(melody).text;
}

/** Returns the same with the places of its notes; `starts` says which of its bars, from 0, begin a line. */
export function placedAbc(melody: Melody, starts = (bars: EngravedBar[]) => lineStarts(bars, BARS_PER_LINE)): AbcText {
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
  const lines = starts(bars);
  let text = `${header.join('\n')}\n`;
  bars.forEach((bar, number) => {
    if (bar.label) text += `P:${plain(bar.label)}\n`;
    if (lines.has(number)) text += opening(bars, number);
    addBar(bar);
    const isLast = number + 1 === bars.length;
    text += isLast || lines.has(number + 1) ? `${closing(bar, isLast)}\n` : barLine(bars, number);
  });
  return { text, places };

  function addBar(bar: EngravedBar): void {
    const sign = accidentals(signature(key));
    const groups = groupNumbers(bar, melody.meter);
    text += marks(bar, AT_START);
    bar.items.forEach((item, index) => {
      if (index && groups[index] !== groups[index - 1]) text += ' ';
      if (item.chord) text += `"${plain(item.chord).replaceAll('"', "'")}"`;
      places.push({ step: item.step, end: item.step + item.length, index: text.length });
      text += isSilent(bar) ? 'Z' : item.name ? sign(item.name) + letter(item.name) + length(item, unit) : `z${length(item, unit)}`;
      if (item.isTied) text += '-';
    });
    text += ` ${marks(bar, AT_END)}`;
  }
}

function marks(bar: Bar, written: Partial<Record<Mark, string>>): string {
  return bar.marks.map((mark) => (written[mark] ? `${written[mark]} ` : '')).join('');
}

/** Returns the signs at the start of a line. */
function opening(bars: readonly Bar[], number: number): string {
  const { opensRepeat, endings } = bars[number];
  return (opensRepeat ? repeatSign(bars, number) : '') + (endings.length ? `[${endings.join()} ` : '');
}

/** Returns the bar line after a bar that does not end a line, and the numbers of an ending after it. */
function barLine(bars: readonly Bar[], number: number): string {
  const [bar, following] = [bars[number], bars[number + 1]];
  const closes = closing(bar, false);
  const repeat = following.opensRepeat ? repeatSign(bars, number + 1) : '';
  const line = repeat ? (bar.times > 1 ? closes.slice(0, -1) : '') + repeat : closes;
  return line + (following.endings.length ? `${following.endings.join()} ` : ' ');
}

/** Returns the sign that opens a repeat; what is played three times has two colons at both ends. */
function repeatSign(bars: readonly Bar[], number: number): string {
  const times = bars.slice(number).find((bar) => bar.times > 1)?.times ?? 2;
  return `|${':'.repeat(times - 1)}`;
}

function closing({ times, isDouble }: Bar, isLast: boolean): string {
  if (times > 1) return `${':'.repeat(times - 1)}|`;
  return isLast ? '|]' : isDouble ? '||' : '|';
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
  const lengths = notesOf(melody.events).map(({ start, end }) => end - start).sort((a, b) => a - b);
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
