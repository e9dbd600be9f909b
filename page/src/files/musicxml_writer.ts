/** A melody as a MusicXML 4.0 document. */
import type { Melody } from '../types';
import { engrave, groupNumbers, isSilent, type EngravedBar, type Item } from './engraving';
import { parseKey, signature, type Key } from './keys';
import { notesOf } from './notes';

const DIVISIONS = 4;
const TYPES: Record<number, string> = { 32: 'breve', 16: 'whole', 8: 'half', 4: 'quarter', 2: 'eighth', 1: '16th' };
const ACCIDENTALS: Record<number, string> = { [-2]: 'flat-flat', [-1]: 'flat', 0: 'natural', 1: 'sharp', 2: 'double-sharp' };

/** Returns a melody as MusicXML. */
export function toMusicXml(melody: Melody): string {
  const key = parseKey(melody.key);
  const bars = engrave(melody);
  const firstNumber = melody.pickupSteps ? 0 : 1;
  const measures = bars.map((bar, index) => {
    const implicit = bar.end - bar.start < melody.stepsPerBar ? ' implicit="yes"' : '';
    const opening = index ? [] : [attributes(melody, key), tempo(melody)];
    const closing = index + 1 < bars.length ? [] : ['<barline location="right"><bar-style>light-heavy</bar-style></barline>'];
    const lines = [...opening, ...notes(bar, melody, key), ...closing];
    return `<measure number="${index + firstNumber}"${implicit}>\n${lines.join('\n')}\n</measure>`;
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

function attributes(melody: Melody, key: Key | undefined): string {
  const signs = key ? `<key><fifths>${key.sharps}</fifths><mode>${key.mode}</mode></key>` : '';
  const time = `<time><beats>${melody.meter[0]}</beats><beat-type>${melody.meter[1]}</beat-type></time>`;
  const pitches = notesOf(melody).map((note) => note.pitch).sort((a, b) => a - b);
  const isLow = pitches.length > 0 && pitches[Math.floor(pitches.length / 2)] < 55;
  const clef = isLow ? '<clef><sign>F</sign><line>4</line></clef>' : '<clef><sign>G</sign><line>2</line></clef>';
  return `<attributes><divisions>${DIVISIONS}</divisions>${signs}${time}${clef}</attributes>`;
}

function tempo({ meter: [numerator, denominator], quartersPerMinute }: Melody): string {
  const isCompound = denominator === 8 && numerator % 3 === 0;
  const quarters = isCompound ? 1.5 : denominator === 2 ? 2 : 1;
  const beat = `<beat-unit>${denominator === 2 ? 'half' : 'quarter'}</beat-unit>${isCompound ? '<beat-unit-dot/>' : ''}`;
  const perMinute = Math.round((quartersPerMinute / quarters) * 100) / 100;
  return (
    `<direction placement="above"><direction-type><metronome>${beat}<per-minute>${perMinute}</per-minute></metronome></direction-type>` +
    `<sound tempo="${quartersPerMinute}"/></direction>`
  );
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
      `<note>${pitch}<duration>${item.length}</duration>`,
      ...ties.map((type) => `<tie type="${type}"/>`),
      '<voice>1</voice>',
      ...(isWholeBar ? [] : [value(item), accidental(item), ...beams[index]]),
      ties.length ? `<notations>${ties.map((type) => `<tied type="${type}"/>`).join('')}</notations>` : '',
      '</note>',
    ].join('');
  });
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
  return plain.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').trim();
}
