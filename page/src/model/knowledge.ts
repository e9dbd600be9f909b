/** What `melody_rnn/page/knowledge.py` says of a model, and of the outlines that its tunes are drawn from. */
import type { Ground } from '../chords/progression';
import type { Form, Meter } from '../types';

/** An event and its share, as the model plays it. */
export type Opening = [event: number, share: number];
export type Shapes = Record<string, number[]>;

export interface PageKey {
  name: string;
  tonic: number;
  mode: string;
  pitchClasses: number[];
  transposition: number;
  openings: Opening[];
}

export interface PageMeter {
  text: string;
  numbers: Meter;
  stepsPerBar: number;
  qpm: number;
  streamQpm: number;
}

export interface Knowledge {
  name: string;
  minNote: number;
  maxNote: number;
  home: number | null;
  knowsForm: boolean;
  hasCues: boolean;
  knowsChords: boolean;
  numClasses: number;
  maxBarSteps: number;
  /** What stands for a step of which only the kind of event is fixed. */
  fixed: { act: number; ring: number; pitchClass: number };
  openings: Opening[];
  keys: PageKey[];
  meters: PageMeter[];
  states: [input: string, output: string][];
  inputs: Shapes;
  sampler: { inputs: Shapes; neutral: Record<string, number> };
}

export interface Outline {
  meter: string;
  pickupSteps: number;
  numSteps: number;
  tonic: number | null;
  mode: string | null;
  transposition: number;
  pitches: [lowest: number, highest: number] | null;
  sections: [start: number, label: string, times: number][];
  endings: [section: number, start: number, numSteps: number, passes: number[]][];
  cadences: Cadence[];
  /**
   * What is played one after the other: from which step to which, or -1 and the length of a silence. Steps after the
   * last one are those of endings, one after the other.
   */
  passages: [start: number, end: number][];
  bars: number;
  jump: Form['jump'];
  openings: Opening[];
  /** The pitch that it opens with, as it sounds; null if it does not say it. */
  opening: number | null;
}

/** The last note of a section: where it begins, the section's end, the pitch as the model plays it. */
export type Cadence = [first: number, end: number, pitch: number];

/** What is known of the steps of a tune, or of a tune up to the end of one of its endings. */
export interface Plan {
  /** The row of its first step. */
  row: number;
  numSteps: number;
  starts: number[];
  cadences: Cadence[];
}

interface Described {
  numSteps: number;
  columns: [name: string, kind: 'Int8Array' | 'Int16Array'][];
  outlines: Outline[];
  endings: Omit<Plan, 'row'>[];
  streams: { meter: string; numSteps: number }[];
}

/** What is asked for of a whole tune; what is missing is drawn. */
export interface Shape {
  bars?: number;
  meter?: string;
  pickupSteps?: number;
  key?: { tonic: number; mode: string };
  /** Whether chords fill a tune. */
  fills?: (ground: Ground) => boolean;
}

/** Returns what chords are laid under in an outline. */
export function groundOf(outline: Outline): Ground {
  const { pickupSteps, numSteps } = outline;
  const meter = outline.meter.split('/').map(Number) as Meter;
  const sections = outline.sections.map(([start, label]) => ({ start, label }));
  return { meter, stepsPerBar: (16 * meter[0]) / meter[1], pickupSteps, numSteps, sections, isOpen: false };
}

const NUM_FIXED = 2;

/** The outlines of a model's training tunes, and what is known of every step of each. */
export class Bank {
  readonly outlines: Outline[];
  readonly numCues: number;
  private readonly plans: Plan[] = [];
  /** Of each outline the first of its endings. */
  private readonly firstEndings: number[] = [];
  private readonly endings: Plan[];
  private readonly streams: Map<string, { row: number; numSteps: number }>;

  private constructor(
    described: Described,
    private readonly columns: (Int8Array | Int16Array)[],
  ) {
    this.outlines = described.outlines;
    this.columnNames = described.columns.map(([name]) => name);
    this.numCues = columns.length - NUM_FIXED;
    let [row, ending] = [0, 0];
    const placed = <T extends { numSteps: number }>(own: T): T & { row: number } => {
      row += own.numSteps;
      return { ...own, row: row - own.numSteps };
    };
    for (const { numSteps, sections, cadences, endings } of this.outlines) {
      this.plans.push(placed({ numSteps, starts: sections.map(([start]) => start), cadences }));
      this.firstEndings.push(ending);
      ending += endings.length;
    }
    this.endings = described.endings.map(placed);
    this.streams = new Map(described.streams.map((own) => [own.meter, placed(own)]));
  }

  private readonly columnNames: string[];

  /** Reads `outlines.bin`. */
  static async read(response: Response): Promise<Bank> {
    const unpacked = (response.body as ReadableStream<BufferSource>).pipeThrough(new DecompressionStream('gzip'));
    const content = await new Response(unpacked).arrayBuffer();
    const length = new DataView(content).getUint32(0, true);
    const described = JSON.parse(new TextDecoder().decode(new Uint8Array(content, 4, length))) as Described;
    let offset = 4 + length;
    const columns: (Int8Array | Int16Array)[] = new Array(described.columns.length);
    for (const kind of ['Int16Array', 'Int8Array'] as const) {
      described.columns.forEach(([, own], place) => {
        if (own !== kind) return;
        const type = kind === 'Int8Array' ? Int8Array : Int16Array;
        columns[place] = new type(content, offset, described.numSteps);
        offset += columns[place].byteLength;
      });
    }
    return new Bank(described, columns);
  }

  /** Returns the places of the outlines that are as asked for, in the bank's order. */
  fitting(shape: Shape): number[] {
    return this.outlines.flatMap((outline, place) => (fits(outline, shape) ? [place] : []));
  }

  /** Returns what is known of an outline's steps, or of those up to the end of one of its endings. */
  plan(place: number, ending?: number): Plan {
    return ending === undefined ? this.plans[place] : this.endings[this.firstEndings[place] + ending];
  }

  /** Returns the cues of a step of a stream; undefined if its meter is not known. */
  streamCues(meter: string, hasPickup: boolean, stepsPerBar: number, step: number): Float32Array | undefined {
    const stream = this.streams.get(meter);
    if (stream === undefined) return undefined;
    const period = stream.numSteps - stepsPerBar;
    if (hasPickup && step < stepsPerBar) return this.row(stream.row + step);
    return this.row(stream.row + stepsPerBar + ((hasPickup ? step - stepsPerBar : step) % period));
  }

  /** Returns a number of a row by the name of its column. */
  value(name: string, row: number): number {
    return this.columns[this.column(name)][row];
  }

  column(name: string): number {
    return this.columnNames.indexOf(name);
  }

  /** Puts what is known of a step's chord into its cues, if the model hears chords. */
  hear(cues: Float32Array, chord: readonly number[]): void {
    const first = this.column('chord_root');
    if (first >= 0) cues.set(chord, first);
  }

  /** Returns the cues of a row. */
  row(row: number): Float32Array {
    return Float32Array.from({ length: this.numCues }, (_, cue) => this.columns[cue][row]);
  }
}

function fits(outline: Outline, shape: Shape): boolean {
  if (shape.meter !== undefined && outline.meter !== shape.meter) return false;
  if (shape.pickupSteps !== undefined && outline.pickupSteps !== shape.pickupSteps) return false;
  if (outline.mode === null || (shape.key && outline.mode !== shape.key.mode)) return false;
  if (outline.sections.length === 0) return false;
  if (shape.fills && !shape.fills(groundOf(outline))) return false;
  return shape.bars === undefined || (!outline.jump && outline.bars === shape.bars);
}
