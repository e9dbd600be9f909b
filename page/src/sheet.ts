/** Sheet music, engraved by abcjs. */
import type { TuneObject } from 'abcjs';
import { placedAbc, type AbcText } from './files/abc_writer';
import { beginsSection, type EngravedBar } from './files/engraving';
import { t } from './texts';
import type { Melody } from './types';
import './sheet.css';

const MAX_BARS_PER_LINE = 4;
/** What is at least as wide as this is drawn as large as abcjs has it, what is narrower smaller. */
const FULL_WIDTH = 640;
const SMALLEST = 0.65;
const CLEF_WIDTH = 80;
const NOTE_WIDTH = 25;
const BAR_WIDTH = 15;
const SOUNDING = 'sounding';

/** What is drawn, and the graphics of each note in the order of steps. */
interface Sheet {
  element: HTMLElement;
  melody: Melody;
  width: number;
  notes: { step: number; end: number; graphics: Element[] }[];
}

let sheet: Sheet | undefined;
let observer: ResizeObserver | undefined;
let marked: Element[] = [];

/** Draws a melody as wide as an element is, and anew whenever that changes. */
export async function drawSheet(element: HTMLElement, melody: Melody): Promise<void> {
  const own: Sheet = (sheet = { element, melody, width: 0, notes: [] });
  const { default: abcjs } = await import('abcjs');
  if (sheet !== own) return;
  const draw = (): void => {
    if (own.width === element.clientWidth || !element.clientWidth) return;
    own.width = element.clientWidth;
    const width = own.width / Math.max(SMALLEST, Math.min(1, own.width / FULL_WIDTH));
    const abc = placedAbc(melody, (bars) => lineStarts(bars, width));
    const [tune] = abcjs.renderAbc(element, abc.text, {
      add_classes: true,
      responsive: 'resize',
      staffwidth: width - 20,
      paddingleft: 10,
      paddingright: 10,
      paddingtop: 5,
      paddingbottom: 5,
      foregroundColor: 'currentColor',
      ariaLabel: t('sheet.label', { bars: Math.ceil(melody.events.length / melody.stepsPerBar) }),
    });
    own.notes = notesOf(tune, abc);
    marked = [];
  };
  observer?.disconnect();
  observer = new ResizeObserver(draw);
  observer.observe(element);
  draw();
}

/**
 * Marks the note that sounds at a step of the tune or of its endings, or at the step in whose place that is played where
 * the sheet does not have it.
 */
export function followSheet(step: number, place: number): void {
  const at = (own: number) => sheet?.notes.find((note) => note.step <= own && own < note.end);
  const now = (at(step) ?? at(place))?.graphics ?? [];
  if (now === marked || (now[0] && now[0] === marked[0])) return;
  for (const graphic of marked) graphic.classList.remove(SOUNDING);
  for (const graphic of now) graphic.classList.add(SOUNDING);
  marked = now;
  keepInView(now[0]);
}

/** Returns the bars that begin a line, of as many as fit into it; each section begins one. */
function lineStarts(bars: EngravedBar[], width: number): Set<number> {
  const starts = new Set<number>();
  let left = 0;
  let numBars = 0;
  bars.forEach((bar, number) => {
    const own = NOTE_WIDTH * bar.items.length + BAR_WIDTH;
    const isFull = numBars > 0 && (own > left || numBars === MAX_BARS_PER_LINE);
    if (isFull || beginsSection(bars[number - 1], bar)) {
      starts.add(number);
      left = width - CLEF_WIDTH;
      numBars = 0;
    }
    left -= own;
    // A pickup counts for no bar.
    if (bar.start === bar.origin) numBars++;
  });
  return starts;
}

function notesOf(tune: TuneObject, { places }: AbcText): Sheet['notes'] {
  return places.map(({ step, end, index }) => {
    const element = tune.getElementFromChar(index) as { abselem?: { elemset?: Element[] } } | null;
    return { step, end, graphics: (element?.abselem?.elemset ?? []).filter(Boolean) };
  });
}

/** Scrolls the sheet, not the page, to a note. */
function keepInView(graphic: Element | undefined): void {
  const scroller = sheet?.element;
  if (!graphic || !scroller || scroller.scrollHeight <= scroller.clientHeight) return;
  const [note, frame] = [graphic.getBoundingClientRect(), scroller.getBoundingClientRect()];
  if (note.top < frame.top || note.bottom > frame.bottom) scroller.scrollTop += note.top - frame.top - frame.height / 3;
}
