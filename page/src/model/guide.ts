/** What guides a whole tune, step by step: what its outline says, changed by a beginning that it goes on from. */
import { ALIKE, lastNotes, planBars, type BarPlan } from './bars';
import type { Bank, Cadence, Knowledge, Plan } from './knowledge';
import { FREE } from './walk';

/** What is fixed of a step: an event or a kind of event, and how many steps ago the event lies that it repeats. */
export interface Fixed {
  event: number;
  repeats: number;
}

/** A beginning as the model plays it. */
export interface Begun {
  events: readonly number[];
  stepsPerBar: number;
  /** The tune's lowest and highest pitch with it. */
  pitches: [lowest: number, highest: number];
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
    private readonly begun?: Begun,
    startOfEnding = Infinity,
  ) {
    if (!begun) return;
    const { stepsPerBar } = begun;
    for (let step = 0; step < plan.numSteps; step += stepsPerBar) {
      const distance = bank.value('source', plan.row + step) / stepsPerBar;
      this.bars.push({ kind: bank.value('kind', plan.row + step), distance });
    }
    const own = planBars(begun.events, stepsPerBar).slice(0, this.bars.length);
    this.numOwn = own.length;
    own.forEach((bar, place) => {
      // Bars of an ending are never planned to be the same as others.
      const isOfEnding = (place + 1) * stepsPerBar > startOfEnding;
      this.bars[place] = isOfEnding ? { ...bar, kind: Math.min(bar.kind, ALIKE) } : bar;
    });
    this.notes = lastNotes(plan.cadences, this.bars, stepsPerBar);
    this.pitches = [this.numberOf(begun.pitches[0]), this.numberOf(begun.pitches[1])];
  }

  /** Returns the cues of a step. */
  cues(step: number): Float32Array {
    const cues = this.bank.row(this.plan.row + step);
    if (this.begun) this.change(cues, step, this.begun.stepsPerBar);
    return cues;
  }

  /** Returns what is fixed of a step that is written. */
  fixed(step: number): Fixed {
    const { bank, plan, begun } = this;
    const repeats = bank.value('repeats', plan.row + step);
    if (!begun) return { event: bank.value('fixed', plan.row + step), repeats };
    const { act, ring, pitchClass } = this.knowledge.fixed;
    let event = plan.starts.includes(step) ? act : FREE;
    for (const [first, end, pitch] of this.notes) {
      if (first <= begun.events.length || step < first || step >= end) continue;
      event = step === first ? pitchClass - (pitch % 12) : ring;
    }
    return { event, repeats };
  }

  /** Puts what the beginning says into the cues of a step. */
  private change(cues: Float32Array, step: number, stepsPerBar: number): void {
    const set = (name: string, value: number) => (cues[this.bank.column(name)] = value);
    const bar = Math.floor(step / stepsPerBar);
    if (bar < this.numOwn) {
      set('kind', this.bars[bar].kind);
      set('source', this.bars[bar].distance * stepsPerBar);
    }
    if (bar + 1 < this.numOwn) {
      const { kind, distance } = this.bars[bar + 1];
      set('next_kind', kind);
      set('next', kind >= ALIKE ? distance * stepsPerBar - (stepsPerBar - (step % stepsPerBar)) : 0);
    }
    const note = this.notes.find(([, end]) => end > step);
    const left = note ? note[0] - step + 1 : 0;
    set('last_note', note ? this.numberOf(note[2]) : 0);
    set('to_last_note', left > 0 && left <= this.knowledge.maxBarSteps ? left : 0);
    set('lowest', this.pitches[0]);
    set('highest', this.pitches[1]);
  }

  /** Returns the number of a pitch among cues. */
  private numberOf(pitch: number): number {
    const { minNote, maxNote } = this.knowledge;
    return Math.min(Math.max(pitch, minNote), maxNote - 1) - minNote + 1;
  }
}
