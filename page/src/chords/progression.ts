/**
 * Progressions as people write them, "| G | C G | D7 | G |", and laid under the bars of a tune: the rules of the Python
 * package's `tunes/progression.py`.
 */
import { t, type TextKey } from '../texts';
import type { Chord, Meter } from '../types';
import { parseChord } from './symbols';

type Bar = readonly string[];

export const MAX_TEXT = 2000;
const HOLD = '.';
const NO_CHORD = 'N.C.';
const MAX_BARS = 512;
const SHOWN = 20;
const LABEL = /(?:^|(?<=[\s|\]]))([A-Z]):(?=\s)/;
const BROKEN_LINE = /\|[^\S\n]*\n\s*\|/g;
const BAR_LINE = /(:?)\[?\|+\]?(:?)/;
const SYLLABLE = '(?:[dD][oO]|[rR][eE]|[mM][iI]|[fF][aA]|[sS][oO][lL]|[lL][aA]|[sS][iI])[#b♯♭]?';
const APART = new RegExp(`(?<!\\S)(${SYLLABLE})\\s+(?=(?:m(?!i)|\\d|dim|maj7|sus|aug)\\S*(?:\\s|\\||:|$))`, 'gi');
const IN_SYLLABLES = new RegExp(`^(${SYLLABLE})(menor|mayor)?([^/]*)(?:/(${SYLLABLE}))?$`, 'i');
/** What begins so is no letter; Do alone may be D diminished, and Fa begins Faug, too. */
const NO_LETTER = /^(?:[rR][eE]|[mM][iI]|[sS][oO][lL]|[lL][aA]|[sS][iI]|do|fa|Fa(?![ud])|FA|DO)/;
const LETTERS: Record<string, string> = { do: 'C', re: 'D', mi: 'E', fa: 'F', sol: 'G', la: 'A', si: 'B' };

/** What is wrong with chords, as a sentence in the page's language. */
export class ChordError extends Error {
  constructor(key: TextKey, values: Record<string, string | number> = {}) {
    super(t(key, values));
  }
}

/** What chords are laid under. */
export interface Ground {
  meter: Meter;
  stepsPerBar: number;
  pickupSteps: number;
  numSteps: number;
  sections: readonly { start: number; label: string }[];
  /** Whether it may end anywhere, as a stream does. */
  isOpen: boolean;
}

/** Chords by bars: of all parts of a tune alike, by an empty string, or of each part its own, by its label. */
export class Progression {
  constructor(private readonly parts: ReadonlyMap<string, readonly Bar[]>) {}

  /** Yields the symbols in order with how many bars each share holds. */
  *shares(): Generator<[symbol: string, bars: number]> {
    let now = NO_CHORD;
    for (const bars of this.parts.values()) {
      for (const bar of bars) {
        for (const token of bar) {
          now = token === HOLD ? now : token;
          yield [now, Math.floor(5040 / bar.length)];
        }
      }
    }
  }

  /** Returns whether the bars fill the parts of a tune evenly. */
  fits(ground: Ground): boolean {
    const bars = this.laidOut(ground);
    return bars !== undefined && bars.every((bar) => placesOf(bar, ground.meter) !== undefined);
  }

  /** Returns the chords of each step of a tune, repeated to fill it, from the first whole bar on. */
  over(ground: Ground): Chord[] {
    const chords: Chord[] = [];
    const bars = this.laidOut(ground);
    if (!bars) throw new ChordError('chords.uneven');
    // A part says its first chord, for it may be played again.
    const firsts = new Set(spansOf(ground).map(({ first }) => first));
    const silent = ground.pickupSteps ? 1 : 0;
    let now = NO_CHORD;
    bars.forEach((bar, number) => {
      const places = placesOf(bar, ground.meter);
      if (!places) throw new ChordError('chords.room', { bar: number + 1, count: bar.length, meter: ground.meter.join('/') });
      bar.forEach((token, index) => {
        const own = token === HOLD ? now : token;
        const step = Math.floor((number + silent + places[index] + 1e-9) * ground.stepsPerBar);
        const isFirst = places[index] === 0 && firsts.has(number);
        if ((isFirst || own !== now) && step < ground.numSteps) chords.push({ step, symbol: own });
        now = own;
      });
    });
    return chords;
  }

  /** Returns the bars, as long as the tune; undefined if they do not fill it evenly. */
  private laidOut(ground: Ground): Bar[] | undefined {
    const spans = spansOf(ground);
    const all = this.parts.get('');
    if (!all) {
      if ([...this.parts.keys()].some((label) => !spans.some((span) => span.label === label))) return undefined;
      const own = spans.map(({ label, first, end }) => filled(this.parts.get(label), end - first));
      return own.every((bars) => bars !== undefined) ? own.flatMap((bars) => bars as Bar[]) : undefined;
    }
    const total = spans[spans.length - 1].end - spans[0].first;
    if (ground.isOpen) return Array.from({ length: total }, (_, bar) => all[bar % all.length]);
    const lengths = spans.map(({ first, end }) => end - first);
    if (lengths.every((length) => length % all.length === 0)) return lengths.flatMap((length) => filled(all, length) as Bar[]);
    return filled(all, total);
  }
}

/** Returns some bars so often that there are as many as asked for; undefined if that cannot be. */
function filled(bars: readonly Bar[] | undefined, length: number): Bar[] | undefined {
  if (!bars || length % bars.length) return undefined;
  return Array.from({ length }, (_, bar) => bars[bar % bars.length]);
}

/**
 * Reads a progression.
 *
 * @throws ChordError if it is none.
 */
export function parseProgression(text: string): Progression {
  if (text.length > MAX_TEXT) throw new ChordError('chords.tooLong', { most: MAX_TEXT });
  const pieces = text.trim().replace(BROKEN_LINE, '|').split(LABEL);
  const named = pieces.length > 1;
  if (named && pieces[0].replace(/[ \t\n|[\]]/g, '')) throw new ChordError('chords.noPart', { label: pieces[1] });
  const isInSyllables = text.split(new RegExp(BAR_LINE)).join(' ').split(/\s+/).some((word) => NO_LETTER.test(word));
  const parts = new Map<string, Bar[]>();
  for (let place = named ? 1 : 0; place < pieces.length; place += 2) {
    const label = named ? pieces[place] : '';
    if (parts.has(label)) throw new ChordError('chords.partTwice', { label });
    parts.set(label, readBars(pieces[named ? place + 1 : 0], isInSyllables));
  }
  const tokens = [...parts.values()].flat(2);
  if (!tokens.some((token) => token !== NO_CHORD && token !== HOLD)) throw new ChordError('chords.none');
  return new Progression(parts);
}

function readBars(text: string, isInSyllables: boolean): Bar[] {
  const bars: Bar[] = [];
  let [opened, number] = [0, 0];
  for (const { words, closes, opens } of splitBars(isInSyllables ? text.replace(APART, '$1') : text)) {
    if (words.length) bars.push(readBar(words, bars, ++number, isInSyllables));
    if (closes) bars.push(...bars.slice(opened));
    if (closes || opens) opened = bars.length;
    if (bars.length > MAX_BARS) throw new ChordError('chords.tooMany', { most: MAX_BARS });
  }
  if (!bars.length) throw new ChordError('chords.none');
  return bars;
}

/** Returns the words of each bar, and whether a repeat closes and one opens after it. */
function splitBars(text: string): { words: string[]; closes: boolean; opens: boolean }[] {
  if (!BAR_LINE.test(text)) return wordsOf(text).map((word) => ({ words: [word], closes: false, opens: false }));
  const pieces = text.split(BAR_LINE);
  const bars: ReturnType<typeof splitBars> = [];
  for (let place = 0; place < pieces.length; place += 3) {
    const words = wordsOf(pieces[place]);
    const [closes, opens] = [pieces[place + 1], pieces[place + 2]].map(Boolean);
    const isOuter = place === 0 || place + 3 >= pieces.length;
    const followsSign = place > 0 && Boolean(pieces[place - 1] || pieces[place - 2]);
    if (!words.length && !isOuter && !followsSign && !closes && !opens) {
      throw new ChordError('chords.empty', { bar: bars.filter((bar) => bar.words.length).length + 1 });
    }
    bars.push({ words, closes, opens });
  }
  return bars;
}

function wordsOf(text: string): string[] {
  return text.split(/\s+/).filter(Boolean);
}

function readBar(words: string[], before: Bar[], number: number, isInSyllables: boolean): Bar {
  if (words.length === 1 && words[0] === '%') {
    if (!before.length) throw new ChordError('chords.noBefore');
    return before[before.length - 1];
  }
  return words.map((word) => {
    if (word === HOLD || word === '/') return HOLD;
    const symbol = isInSyllables ? fromSyllables(word) : word;
    const chord = parseChord(symbol);
    if (chord === undefined) throw new ChordError('chords.unknown', { bar: number, symbol: word.slice(0, SHOWN) });
    return chord === null ? NO_CHORD : symbol;
  });
}

/** Returns a chord symbol in letters that is written in syllables: sol#m7/si is G#m7/B. */
function fromSyllables(symbol: string): string {
  const match = IN_SYLLABLES.exec(symbol);
  if (!match) return symbol;
  const [, root, mode = '', kind, bass] = match;
  return inLetters(root) + (mode.toLowerCase() === 'menor' ? 'm' : '') + kind + (bass ? `/${inLetters(bass)}` : '');
}

function inLetters(name: string): string {
  const syllable = name.replace(/[#b♯♭]$/, '');
  return LETTERS[syllable.toLowerCase()] + name.slice(syllable.length).replace('♯', '#').replace('♭', 'b');
}

/**
 * Returns where each share of a bar begins, from 0 to 1; undefined if there are more than the meter has room for. Where
 * the beats cannot be shared evenly, the first one gets the most: G D7 in 3/4 is two beats and one.
 */
function placesOf(bar: Bar, [numerator, denominator]: Meter): number[] | undefined {
  const isCompound = denominator >= 8 && numerator % 3 === 0;
  const beats = isCompound ? numerator / 3 : denominator === 2 ? 2 * numerator : numerator;
  const pulses = isCompound ? numerator : 2 * beats;
  const count = bar.length;
  if (count <= beats) {
    const each = Math.floor(beats / count);
    const rest = beats - each * count;
    return bar.map((_, place) => (place === 0 ? 0 : (rest + each * place) / beats));
  }
  return pulses % count ? undefined : bar.map((_, place) => place / count);
}

/** Returns each section's first whole bar, and the bar after its last; the pickup's is none. */
function spansOf({ stepsPerBar, pickupSteps, numSteps, sections }: Ground): { label: string; first: number; end: number }[] {
  const silent = pickupSteps ? 1 : 0;
  const own = sections.length ? sections : [{ start: pickupSteps ? stepsPerBar - pickupSteps : 0, label: 'A' }];
  const firsts = own.map(({ start }) => Math.ceil(start / stepsPerBar) - silent);
  const last = Math.max(Math.ceil(numSteps / stepsPerBar) - silent, firsts[0] + 1);
  return own.map(({ label }, number) => ({ label, first: firsts[number], end: firsts[number + 1] ?? last }));
}
