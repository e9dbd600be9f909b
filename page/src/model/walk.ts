/** One melody on its way through a model, step by step: the step, the sampler, and what stands between them. */
import type { Tensor } from '@litertjs/core';
import { deleteAll, inputsOf, numbersOf, write, type Model } from './litert';

const NO_EVENT = -2;
const NUM_SPECIAL_EVENTS = 2;
/** Stands for a step of which nothing is fixed. */
export const FREE = NO_EVENT - 1;

/** How an event is chosen. */
export interface Settings {
  temperature: number;
  topP: number;
}

/** What a step of the model says, and what may be chosen. */
export interface Said {
  logits: Float32Array;
  labelEvents: Float32Array;
  /** 1 for each event that may come: no event, note off, then every pitch of the model. */
  isAllowed: Float32Array;
  fixed: number;
}

/** A chosen event, and how probable it was. */
export interface Choice {
  event: number;
  chance: number;
}

/** The probability of each event that has any, as the model plays it. */
export type Distribution = Map<number, number>;

/** The sampler of a model; what stands in it is melody_rnn's own code. */
export class Sampler {
  private readonly inputs: Record<string, Tensor>;

  constructor(private readonly model: Model) {
    const { inputs, neutral } = model.knowledge.sampler;
    this.inputs = inputsOf(inputs, neutral);
  }

  /** Draws an event from random numbers, as many as labels. */
  async choose(said: Said, settings: Settings, noise: Float32Array): Promise<Choice> {
    const { event, drawnFrom } = await this.run(said, settings, noise);
    return { event, chance: byEvent(drawnFrom, said.labelEvents).get(event) ?? 0 };
  }

  /** Returns what an event is drawn from: softmax(z / T) of what may be chosen. */
  async distribution(said: Said, settings: Settings): Promise<Distribution> {
    const { drawnFrom } = await this.run(said, settings, new Float32Array(said.logits.length).fill(0.5));
    return byEvent(drawnFrom, said.labelEvents);
  }

  delete(): void {
    deleteAll(Object.values(this.inputs));
  }

  private async run(
    said: Said,
    settings: Settings,
    noise: Float32Array,
  ): Promise<{ event: number; drawnFrom: Float32Array }> {
    const results = await this.model.sampler.run(() => {
      const own = {
        logits: said.logits,
        label_events: said.labelEvents,
        noise,
        is_allowed: said.isAllowed,
        fixed: [said.fixed],
        temperature: [settings.temperature],
        top_p: [settings.topP],
      };
      for (const [name, values] of Object.entries(own)) write(this.inputs[name], values);
      return this.inputs;
    });
    const event = numbersOf(results.event, 1)[0];
    const drawnFrom = numbersOf(results.drawn_from, said.logits.length);
    deleteAll(Object.values(results));
    return { event, drawnFrom };
  }
}

/** Adds up the probabilities of the labels that stand for one event. */
function byEvent(logits: Float32Array, labelEvents: Float32Array): Distribution {
  const largest = Math.max(...logits);
  const weights = Array.from(logits, (logit) => Math.exp(logit - largest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const distribution: Distribution = new Map();
  weights.forEach((weight, label) => {
    if (weight === 0) return;
    const event = labelEvents[label];
    distribution.set(event, (distribution.get(event) ?? 0) + weight / total);
  });
  return distribution;
}

/** A run of the model's step; its states lie here. */
export class Walk {
  private readonly own: Record<string, Tensor>;
  private states: Record<string, Tensor>;
  private isFirst = true;

  constructor(private readonly model: Model, stepsPerBar: number) {
    const { inputs, states } = model.knowledge;
    const names = new Set(states.map(([input]) => input));
    const tensors = Object.entries(inputsOf(inputs, { steps_per_bar: stepsPerBar, is_first: 1 }));
    this.own = Object.fromEntries(tensors.filter(([name]) => !names.has(name)));
    this.states = Object.fromEntries(tensors.filter(([name]) => names.has(name)));
  }

  /** Takes in an event and says what may come next; cues are those of the step after it. */
  async take(event: number, cues: Float32Array | null): Promise<Pick<Said, 'logits' | 'labelEvents'>> {
    const results = await this.model.step.run(() => {
      write(this.own.event, [event]);
      if (cues) write(this.own.cues, cues);
      return { ...this.own, ...this.states };
    });
    const { states, numClasses } = this.model.knowledge;
    const said = { logits: numbersOf(results.logits, numClasses), labelEvents: numbersOf(results.label_events, numClasses) };
    const next = Object.fromEntries(states.map(([input, output]) => [input, results[output]]));
    const kept = new Set(Object.values(next));
    deleteAll(Object.values(this.states));
    deleteAll(Object.values(results).filter((tensor) => !kept.has(tensor)));
    this.states = next;
    if (this.isFirst) write(this.own.is_first, [0]);
    this.isFirst = false;
    return said;
  }

  delete(): void {
    deleteAll([...Object.values(this.own), ...Object.values(this.states)]);
  }
}

/** Returns which events may come: no event, note off, and the pitches that a test passes. */
export function allowed(model: Model, isPitch: (played: number) => boolean, mayHold: boolean): Float32Array {
  const { minNote, maxNote } = model.knowledge;
  const mask = new Float32Array(NUM_SPECIAL_EVENTS + maxNote - minNote);
  mask[0] = mayHold ? 1 : 0;
  mask[1] = 1;
  for (let pitch = minNote; pitch < maxNote; pitch++) mask[NUM_SPECIAL_EVENTS + pitch - minNote] = isPitch(pitch) ? 1 : 0;
  return mask;
}
