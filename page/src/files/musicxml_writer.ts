/** A melody as a MusicXML 4.0 document. */
import { partsOf } from '../chords/symbols';
import tables from '../chords/tables.json';
import type { Melody } from '../types';
import { engrave, groupNumbers, isSilent, type EngravedBar, type Item } from './engraving';
import { parseKey, signature, type Key } from './keys';
import type { Bar, Mark } from './layout';
import { notesOf } from './notes';

const DIVISIONS = 4;
const TYPES: Record<number, string> = { 32: 'breve', 16: 'whole', 8: 'half', 4: 'quarter', 2: 'eighth', 1: '16th' };
const ACCIDENTALS: Record<number, string> = { [-2]: 'flat-flat', [-1]: 'flat', 0: 'natural', 1: 'sharp', 2: 'double-sharp' };

const WORDS: Partial<Record<Mark, [words: string, sound: string]>> = {
  fine: ['Fine', 'fine="yes"'],
  da_capo: ['D.C.', 'dacapo="yes"'],
  dal_segno: ['D.S.', 'dalsegno="1"'],
  to_coda: ['To Coda', 'tocoda="1"'],
};

/** Returns a melody as MusicXML. */
export function toMusicXml(melody: Melody): string {
  const key = parseKey(melody.key);
  const bars = engrave(melody);
  const firstNumber = melody.pickupSteps ? 0 : 1;
  let ending = '';
  const measures = bars.map((bar, index) => {
    const implicit = bar.isWhole ? '' : ' implicit="yes"';
    const opening = index ? [] : [attributes(melody, key), tempo(melody)];
    ending = bar.endings.join() || ending;
    const following = bars[index + 1] as EngravedBar | undefined;
    const endsEnding = ending !== '' && endsWith(bar, following);
    const lines = [left(bar), ...opening, ...signs(bar), ...notes(bar, melody, key), ...words(bar), right(bar, following, endsEnding ? ending : '')];
    if (endsEnding) ending = '';
    return `<measure number="${index + firstNumber}"${implicit}>\n${lines.filter(Boolean).join('\n')}\n</measure>`;
  });
  return [
    '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">',
    '<score-partwise version="4.0">',
    ...(melody.title ? [`<work><work-title>${escape(melody.title)}</work-title></work>`] : []),
    '<identification><encoding><software>melody_rnn</software></encoding></identification>',
    '<part-list><score-part id="P1"><part-name print-object="no">Melody</part-name></score-part></part-list>',
    '<part id="P1">',
    ...measures,
    '</part>',
    '</score-partwise>',
    '',
  ].join('\n');
}

/** Returns whether an ending that goes on in a bar is over after it. */
function endsWith(bar: Bar, following: Bar | undefined): boolean {
  return !following || following.endings.length > 0 || bar.times > 1 || bar.isDouble || following.opensRepeat;
}

function left({ opensRepeat, endings }: Bar): string {
  if (!opensRepeat && !endings.length) return '';
  const style = opensRepeat ? '<bar-style>heavy-light</bar-style>' : '';
  const text = endings.map((number) => `${number}.`).join(', ');
  const bracket = endings.length ? `<ending number="${endings.join()}" type="start">${text}</ending>` : '';
  return `<barline location="left">${style}${bracket}${opensRepeat ? '<repeat direction="forward"/>' : ''}</barline>`;
}

function right({ times, isDouble }: Bar, following: Bar | undefined, ending: string): string {
  const closes = times > 1;
  if (!closes && !isDouble && !ending) return '';
  const isHeavy = closes || !following;
  const style = closes || isDouble ? `<bar-style>${isHeavy ? 'light-heavy' : 'light-light'}</bar-style>` : '';
  const bracket = ending ? `<ending number="${ending}" type="${isHeavy ? 'stop' : 'discontinue'}"/>` : '';
  const repeat = closes ? `<repeat direction="backward"${times > 2 ? ` times="${times}"` : ''}/>` : '';
  return `<barline location="right">${style}${bracket}${repeat}</barline>`;
}

/** Returns what stands over a bar's start: the section's name, segno and coda. */
function signs({ label, marks }: Bar): string[] {
  const own = marks.filter((mark) => mark === 'segno' || mark === 'coda');
  return [
    ...(label ? [direction(`<rehearsal>${escape(label)}</rehearsal>`)] : []),
    ...own.map((mark) => direction(`<${mark}/>`, `${mark}="1"`)),
  ];
}

/** Returns what stands over a bar's end: where to go on. */
function words({ marks }: Bar): string[] {
  return marks.flatMap((mark) => {
    const own = WORDS[mark];
    return own ? [direction(`<words>${own[0]}</words>`, own[1])] : [];
  });
}

function direction(type: string, sound?: string): string {
  return `<direction placement="above"><direction-type>${type}</direction-type>${sound ? `<sound ${sound}/>` : ''}</direction>`;
}

function attributes(melody: Melody, key: Key | undefined): string {
  const signs = key ? `<key><fifths>${key.sharps}</fifths><mode>${key.mode}</mode></key>` : '';
  const time = `<time><beats>${melody.meter[0]}</beats><beat-type>${melody.meter[1]}</beat-type></time>`;
  const pitches = notesOf(melody.events).map((note) => note.pitch).sort((a, b) => a - b);
  const isLow = pitches.length > 0 && pitches[Math.floor(pitches.length / 2)] < 55;
  const clef = isLow ? '<clef><sign>F</sign><line>4</line></clef>' : '<clef><sign>G</sign><line>2</line></clef>';
  return `<attributes><divisions>${DIVISIONS}</divisions>${signs}${time}${clef}</attributes>`;
}

function tempo({ meter: [numerator, denominator], quartersPerMinute }: Melody): string {
  const isCompound = denominator === 8 && numerator % 3 === 0;
  const quarters = isCompound ? 1.5 : denominator === 2 ? 2 : 1;
  const beat = `<beat-unit>${denominator === 2 ? 'half' : 'quarter'}</beat-unit>${isCompound ? '<beat-unit-dot/>' : ''}`;
  const perMinute = Math.round((quartersPerMinute / quarters) * 100) / 100;
  return direction(`<metronome>${beat}<per-minute>${perMinute}</per-minute></metronome>`, `tempo="${quartersPerMinute}"`);
}

function notes(bar: EngravedBar, melody: Melody, key: Key | undefined): string[] {
  const accidental = accidentals(signature(key));
  const beams = beamsOf(bar, groupNumbers(bar, melody.meter));
  return bar.items.map((item, index) => {
    const isWholeBar = isSilent(bar);
    const pitch = item.name
      ? `<pitch><step>${item.name.letter}</step>${item.name.alter ? `<alter>${item.name.alter}</alter>` : ''}<octave>${item.name.octave}</octave></pitch>`
      : `<rest${isWholeBar ? ' measure="yes"' : ''}/>`;
    const ties = [...(item.isHeld ? ['stop'] : []), ...(item.isTied ? ['start'] : [])];
    return [
      item.chord ? harmony(item.chord) : '',
      `<note>${pitch}<duration>${item.length}</duration>`,
      ...ties.map((type) => `<tie type="${type}"/>`),
      '<voice>1</voice>',
      ...(isWholeBar ? [] : [value(item), accidental(item), ...beams[index]]),
      ties.length ? `<notations>${ties.map((type) => `<tied type="${type}"/>`).join('')}</notations>` : '',
      '</note>',
    ].join('');
  });
}

function harmony(symbol: string): string {
  const parts = partsOf(symbol);
  if (!parts) return `<harmony><root><root-step text="">C</root-step></root><kind text="${escape(symbol)}">none</kind></harmony>`;
  const { root, suffix, bass } = parts;
  const kind = (tables.musicXmlKinds as Record<string, string>)[suffix] ?? 'other';
  const own = `<harmony>${step('root', root)}<kind text="${escape(suffix)}">${kind}</kind>`;
  return `${own}${bass ? step('bass', bass) : ''}</harmony>`;
}

function step(name: 'root' | 'bass', note: string): string {
  const alter = [...note.slice(1)].reduce((sum, sign) => sum + (sign === '#' ? 1 : -1), 0);
  return `<${name}><${name}-step>${note[0]}</${name}-step>${alter ? `<${name}-alter>${alter}</${name}-alter>` : ''}</${name}>`;
}

function value({ length }: Item): string {
  return length in TYPES ? `<type>${TYPES[length]}</type>` : `<type>${TYPES[(length * 2) / 3]}</type><dot/>`;
}

/** Returns what gives the accidental that is printed before a note; each holds in its octave up to the bar line. */
function accidentals(signs: Record<string, number>): (item: Item) => string {
  const altered: Record<string, number> = {};
  return ({ name, isHeld }) => {
    if (!name || isHeld) return '';
    const place = name.letter + name.octave;
    if ((altered[place] ?? signs[name.letter] ?? 0) === name.alter) return '';
    altered[place] = name.alter;
    return `<accidental>${ACCIDENTALS[name.alter]}</accidental>`;
  };
}

/** Returns the beams of each item, outermost first. */
function beamsOf(bar: EngravedBar, groups: number[]): string[][] {
  const numBeams = bar.items.map(({ name, length }) => (name ? (length === 1 ? 2 : length === 2 || length === 3 ? 1 : 0) : 0));
  return bar.items.map((_, index) => {
    const joins = (other: number, level: number): boolean => groups[other] === groups[index] && numBeams[other] >= level;
    const hasBeam = numBeams[index] > 0 && (joins(index - 1, 1) || joins(index + 1, 1));
    return Array.from({ length: hasBeam ? numBeams[index] : 0 }, (_, place) => {
      const [before, after] = [joins(index - 1, place + 1), joins(index + 1, place + 1)];
      const hook = joins(index - 1, 1) ? 'backward hook' : 'forward hook';
      const kind = before && after ? 'continue' : before ? 'end' : after ? 'begin' : hook;
      return `<beam number="${place + 1}">${kind}</beam>`;
    });
  });
}

function escape(text: string): string {
  // Control characters are none that XML has.
  const plain = text.replace(/[\u0000-\u001f\ufffe\uffff]/g, ' ');
  return plain.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;').trim();
}
