/** What `melody_rnn/page/knowledge.py` says of a model, and of the outlines that its tunes are drawn from. */
import type { Meter } from '../types';

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
  numClasses: number;
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
  sections: [start: number, label: string, times: number][];
  /** What is played one after the other: from which step to which, or -1 and the length of a silence. */
  passages: [start: number, end: number][];
  bars: number;
  hasJump: boolean;
  openings: Opening[];
}

interface Described {
  numTunes: number;
  numSteps: number;
  columns: [name: string, kind: 'Int8Array' | 'Int16Array'][];
  outlines: Outline[];
}

/** What is asked for of a whole tune; what is missing is drawn. */
export interface Shape {
  bars?: number;
  meter?: string;
  key?: { tonic: number; mode: string };
}

const NUM_FIXED = 2;

/** The outlines of a model's training tunes, and what is known of every step of each. */
export class Bank {
  readonly outlines: Outline[];
  readonly numCues: number;
  private readonly starts: number[] = [];
  private readonly columns: (Int8Array | Int16Array)[];
  private readonly streams = new Map<string, number>();

  private constructor(described: Described, columns: (Int8Array | Int16Array)[]) {
    this.outlines = described.outlines.slice(0, described.numTunes);
    this.columns = columns;
    this.numCues = columns.length - NUM_FIXED;
    let start = 0;
    described.outlines.forEach((outline, index) => {
      this.starts.push(start);
      start += outline.numSteps;
      if (index >= described.numTunes) this.streams.set(outline.meter, index);
    });
    this.streamSteps = new Map([...this.streams].map(([meter, index]) => [meter, described.outlines[index].numSteps]));
  }

  private readonly streamSteps: Map<string, number>;

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

  /** Returns the cues of a step of an outline. */
  cues(place: number, step: number): Float32Array {
    return this.row(this.starts[place] + step);
  }

  /** Returns the cues of a step of a stream; undefined if its meter is not known. */
  streamCues(meter: string, hasPickup: boolean, stepsPerBar: number, step: number): Float32Array | undefined {
    const place = this.streams.get(meter);
    if (place === undefined) return undefined;
    const period = (this.streamSteps.get(meter) as number) - stepsPerBar;
    const first = this.starts[place];
    if (hasPickup && step < stepsPerBar) return this.row(first + step);
    return this.row(first + stepsPerBar + ((hasPickup ? step - stepsPerBar : step) % period));
  }

  /** Returns what is fixed of a step of an outline: an event or a kind of event, and how many steps ago it was. */
  fixed(place: number, step: number): { event: number; repeats: number } {
    const row = this.starts[place] + step;
    return { event: this.columns[this.numCues][row], repeats: this.columns[this.numCues + 1][row] };
  }

  private row(row: number): Float32Array {
    return Float32Array.from({ length: this.numCues }, (_, cue) => this.columns[cue][row]);
  }
}

function fits(outline: Outline, shape: Shape): boolean {
  if (shape.meter !== undefined && outline.meter !== shape.meter) return false;
  if (outline.mode === null || (shape.key && outline.mode !== shape.key.mode)) return false;
  if (outline.sections.length === 0) return false;
  return shape.bars === undefined || (!outline.hasJump && outline.bars === shape.bars);
}
