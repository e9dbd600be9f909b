/** What guides a whole tune, step by step: what its outline says, changed by a beginning and by chords. */
import type { Hearing } from '../chords/hearing';
import { ALIKE, lastNotes, planBars, type BarPlan } from './bars';
import type { Bank, Cadence, Knowledge, Plan } from './knowledge';
import { mod } from '../chords/symbols';
import { FREE } from './walk';

/** What is fixed of a step: an event or a kind of event, and how many steps ago the event lies that it repeats. */
export interface Fixed {
  event: number;
  repeats: number;
}

/** A beginning as the model plays it. */
export interface Begun {
  events: readonly number[];
  /** The tune's lowest and highest pitch with it. */
  pitches: [lowest: number, highest: number];
}

/** What an outline's rows are changed by. */
export interface Changes {
  stepsPerBar: number;
  begun?: Begun;
  /** The chords, and what sections end on over them. */
  led?: { hearing: Hearing; cadences: readonly Cadence[] };
}

/** An outline's rows; `startOfEnding` is the step where an ending begins, if it is the outline of one. */
export class Guide {
  private readonly bars: BarPlan[] = [];
  private readonly numOwn: number = 0;
  private readonly notes: Cadence[] = [];
  private readonly pitches: [lowest: number, highest: number] = [0, 0];

  constructor(
    private readonly bank: Bank,
    private readonly plan: Plan,
    private readonly knowledge: Knowledge,
    private readonly changes: Changes,
    startOfEnding = Infinity,
  ) {
    const { begun, led, stepsPerBar } = changes;
    if (!begun && !led) return;
    for (let step = 0; step < plan.numSteps; step += stepsPerBar) {
      const distance = bank.value('source', plan.row + step) / stepsPerBar;
      this.bars.push({ kind: bank.value('kind', plan.row + step), distance });
    }
    const own = planBars(begun?.events ?? [], stepsPerBar).slice(0, this.bars.length);
    this.numOwn = own.length;
    own.forEach((bar, place) => {
      // Bars of an ending are never planned to be the same as others.
      const isOfEnding = (place + 1) * stepsPerBar > startOfEnding;
      this.bars[place] = isOfEnding ? { ...bar, kind: Math.min(bar.kind, ALIKE) } : bar;
    });
    this.notes = lastNotes(led?.cadences ?? plan.cadences, this.bars, stepsPerBar);
    if (begun) this.pitches = [this.numberOf(begun.pitches[0]), this.numberOf(begun.pitches[1])];
  }

  /** Returns the cues of a step. */
  cues(step: number): Float32Array {
    const cues = this.bank.row(this.plan.row + step);
    const { begun, led } = this.changes;
    if (begun) this.begin(cues, step);
    if (begun || led) this.lead(cues, step);
    if (led) this.bank.hear(cues, led.hearing.cues(step, this.knowledge.maxBarSteps));
    return cues;
  }

  /** Returns what is fixed of a step that is written. */
  fixed(step: number): Fixed {
    const { bank, plan } = this;
    const { begun, led } = this.changes;
    const repeats = bank.value('repeats', plan.row + step);
    const { act, ring, pitchClass } = this.knowledge.fixed;
    if (!begun) {
      const event = bank.value('fixed', plan.row + step);
      const note = led && event <= pitchClass ? this.notes.find(([first]) => first === step) : undefined;
      return { event: note ? pitchClass - mod(note[2]) : event, repeats };
    }
    let event = plan.starts.includes(step) ? act : FREE;
    for (const [first, end, pitch] of this.notes) {
      if (first <= begun.events.length || step < first || step >= end) continue;
      event = step === first ? pitchClass - mod(pitch) : ring;
    }
    return { event, repeats };
  }

  /** Puts what the beginning says into the cues of a step. */
  private begin(cues: Float32Array, step: number): void {
    const { stepsPerBar } = this.changes;
    const bar = Math.floor(step / stepsPerBar);
    if (bar < this.numOwn) {
      this.set(cues, 'kind', this.bars[bar].kind);
      this.set(cues, 'source', this.bars[bar].distance * stepsPerBar);
    }
    if (bar + 1 < this.numOwn) {
      const { kind, distance } = this.bars[bar + 1];
      this.set(cues, 'next_kind', kind);
      this.set(cues, 'next', kind >= ALIKE ? distance * stepsPerBar - (stepsPerBar - (step % stepsPerBar)) : 0);
    }
    this.set(cues, 'lowest', this.pitches[0]);
    this.set(cues, 'highest', this.pitches[1]);
  }

  /** Puts the next last note into the cues of a step. */
  private lead(cues: Float32Array, step: number): void {
    const note = this.notes.find(([, end]) => end > step);
    const left = note ? note[0] - step + 1 : 0;
    this.set(cues, 'last_note', note ? this.numberOf(note[2]) : 0);
    this.set(cues, 'to_last_note', left > 0 && left <= this.knowledge.maxBarSteps ? left : 0);
  }

  private set(cues: Float32Array, name: string, value: number): void {
    cues[this.bank.column(name)] = value;
  }

  /** Returns the number of a pitch among cues. */
  private numberOf(pitch: number): number {
    const { minNote, maxNote } = this.knowledge;
    return Math.min(Math.max(pitch, minNote), maxNote - 1) - minNote + 1;
  }
}
