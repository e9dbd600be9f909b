/** The piano roll: notes with their probabilities, the bars that are held, and where playing is. */
import { noteName } from '../names';
import { formatNumber, t } from '../texts';
import type { Melody } from '../types';
import { h, svg } from './dom';

const ROW = 7;
const MARGIN = 2;
const NARROWEST = 6;
const WIDEST = 16;

export interface RollNote {
  pitch: number;
  start: number;
  end: number;
  /** How probable it was; undefined if it was given. */
  chance: number | undefined;
}

/** Returns the notes of events; a note sounds until the next one, a note off or the end. */
export function notesOf(events: readonly number[], chances: readonly (number | undefined)[] = []): RollNote[] {
  const notes: RollNote[] = [];
  let open: RollNote | undefined;
  events.forEach((event, step) => {
    if (event === -2) return;
    if (open) open.end = step;
    open = event >= 0 ? { pitch: event, start: step, end: events.length, chance: chances[step] } : undefined;
    if (open) notes.push(open);
  });
  return notes;
}

export class Roll {
  readonly element = h('div', { class: 'roll' });
  private cursor: SVGElement | undefined;
  private rects = new Map<number, SVGElement>();
  private stepWidth = NARROWEST;
  private playing: number | undefined;

  constructor(
    private readonly onHold: (bar: number) => void,
    private readonly onStep: (step: number) => void,
  ) {}

  draw(melody: Melody, chances: readonly (number | undefined)[], held: ReadonlySet<number>, label: string): void {
    const { events, stepsPerBar, pickupSteps } = melody;
    const notes = notesOf(events, chances);
    const room = this.element.clientWidth / Math.max(events.length, 1);
    this.stepWidth = Math.min(WIDEST, Math.max(NARROWEST, Math.floor(room)));
    const pitches = notes.map((note) => note.pitch);
    const [low, high] = pitches.length ? [Math.min(...pitches) - 1, Math.max(...pitches) + 1] : [59, 73];
    const width = events.length * this.stepWidth;
    const height = (high - low + 1) * ROW + 2 * MARGIN;
    const y = (pitch: number) => MARGIN + (high - pitch) * ROW;
    const picture = svg('svg', { width, height, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label });
    picture.addEventListener('click', (event) => {
      const x = (event as MouseEvent).clientX - picture.getBoundingClientRect().left;
      this.onStep(Math.min(events.length - 1, Math.max(0, Math.floor(x / this.stepWidth))));
    });
    for (let pitch = low; pitch <= high; pitch++) {
      if ([1, 3, 6, 8, 10].includes(pitch % 12)) {
        picture.append(svg('rect', { class: 'black', x: 0, y: y(pitch), width, height: ROW }));
      }
    }
    const numBars = Math.ceil(events.length / stepsPerBar);
    for (const bar of held) {
      picture.append(
        svg('rect', { class: 'held', x: bar * stepsPerBar * this.stepWidth, y: 0, width: stepsPerBar * this.stepWidth, height }),
      );
    }
    for (let bar = 0; bar <= numBars; bar++) {
      const x = bar * stepsPerBar * this.stepWidth;
      picture.append(svg('line', { class: 'barline', x1: x, x2: x, y1: 0, y2: height }));
    }
    this.rects = new Map();
    for (const note of notes) {
      const bar = barName(Math.floor(note.start / stepsPerBar), pickupSteps);
      const text = note.chance === undefined ? 'roll.given' : 'roll.note';
      const chance = formatNumber(note.chance ?? 1, 2);
      const rect = svg(
        'rect',
        {
          class: note.chance === undefined ? 'note given' : 'note',
          x: note.start * this.stepWidth + 0.5,
          y: y(note.pitch) + 0.5,
          width: Math.max(2, (note.end - note.start) * this.stepWidth - 1),
          height: ROW - 1,
          rx: 2,
          'fill-opacity': note.chance === undefined ? undefined : (0.25 + 0.75 * Math.sqrt(note.chance)).toFixed(2),
        },
        svg('title', {}, t(text, { note: noteName(note.pitch), bar, chance })),
      );
      this.rects.set(note.start, rect);
      picture.append(rect);
    }
    this.cursor = svg('line', { class: 'cursor', x1: 0, x2: 0, y1: 0, y2: height, visibility: 'hidden' });
    picture.append(this.cursor);
    const buttons = h('div', { class: 'bars' });
    for (let bar = 0; bar < numBars; bar++) {
      const name = barName(bar, pickupSteps);
      const steps = Math.min(stepsPerBar, events.length - bar * stepsPerBar);
      const isPickup = pickupSteps > 0 && bar === 0;
      const button = h(
        'button',
        {
          type: 'button',
          'aria-pressed': String(held.has(bar)),
          'aria-label': isPickup ? t('bar.pickup') : t('bar.hold', { bar: name }),
          style: `width: ${steps * this.stepWidth}px`,
          onclick: () => this.onHold(bar),
        },
        String(name),
      );
      buttons.append(button);
    }
    const hadFocus = this.element.contains(document.activeElement)
      ? [...this.element.querySelectorAll('button')].indexOf(document.activeElement as HTMLButtonElement)
      : -1;
    this.element.replaceChildren(picture, buttons);
    if (hadFocus >= 0) buttons.querySelectorAll('button')[hadFocus]?.focus();
  }

  /** Shows a step, the note that sounds there, and scrolls to it. */
  show(step: number, isPlaying: boolean): void {
    const x = step * this.stepWidth;
    this.cursor?.setAttribute('transform', `translate(${x} 0)`);
    this.cursor?.setAttribute('visibility', 'visible');
    const starts = [...this.rects.keys()].filter((start) => start <= step);
    const now = isPlaying ? starts[starts.length - 1] : undefined;
    if (now !== this.playing) {
      if (this.playing !== undefined) this.rects.get(this.playing)?.classList.remove('active');
      if (now !== undefined) this.rects.get(now)?.classList.add('active');
      this.playing = now;
    }
    const { scrollLeft, clientWidth } = this.element;
    if (x < scrollLeft || x > scrollLeft + clientWidth - 40) this.element.scrollLeft = x - 40;
  }
}

/** Returns the number of a bar as musicians count it: a pickup is 0. */
export function barName(bar: number, pickupSteps: number): number {
  return pickupSteps > 0 ? bar : bar + 1;
}
