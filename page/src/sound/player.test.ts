import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Melody } from '../types';
import { Player } from './player';

/** What was asked of the browser: [what, when, how fast it plays]. */
let asked: [string, number, number?][];
let clock: { currentTime: number };

/** A Web Audio of which only the clock and the sources matter. */
class Node {
  gain = { setTargetAtTime: (_: number, time: number) => asked.push(['damp', time]), setValueAtTime: () => undefined, exponentialRampToValueAtTime: () => undefined };
  constructor(_context: unknown, protected readonly options: { playbackRate?: number } = {}) {}
  connect = (other: Node): Node => other;
  disconnect = (): void => undefined;
  start(_time: number): void {}
  stop(): void {}
}
class Source extends Node {
  start(time: number): void {
    asked.push(['strike', time, this.options.playbackRate]);
  }
}
class Oscillator extends Node {
  start(time: number): void {
    asked.push(['click', time]);
  }
}
class Context {
  currentTime = 0;
  state = 'running';
  sampleRate = 8_000;
  constructor() {
    // eslint-disable-next-line @typescript-eslint/no-this-alias
    clock = this;
  }
}

const tune = (events: number[], more: Partial<Melody> = {}): Melody => ({ events, stepsPerBar: 16, meter: [4, 4], quartersPerMinute: 150, pickupSteps: 0, ...more });
const strikes = (): number[] => asked.filter(([what]) => what === 'strike').map(([, time]) => Math.round(time * 1000) / 1000);

/** Lets time go by, for the page and for the audio clock. */
function wait(seconds: number): void {
  for (let passed = 0; passed < seconds - 1e-9; passed += 0.025) {
    if (clock) clock.currentTime += 0.025;
    vi.advanceTimersByTime(25);
  }
}

beforeEach(() => {
  asked = [];
  vi.useFakeTimers();
  const silent = class { copyToChannel(): void {} };
  const nodes = { AudioContext: Context, AudioBuffer: silent, AudioBufferSourceNode: Source, OscillatorNode: Oscillator };
  const others = Object.fromEntries(['GainNode', 'StereoPannerNode', 'DynamicsCompressorNode', 'ConvolverNode'].map((name) => [name, Node]));
  for (const [name, value] of Object.entries({ ...nodes, ...others })) vi.stubGlobal(name, value);
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('notes sound on the grid of the audio clock, and steps are told when they sound', () => {
  const steps: number[] = [];
  const onEnd = vi.fn();
  const player = new Player();
  player.play(tune([60, -2, 62, -1, 64, -2]), { onStep: (step) => steps.push(step), onEnd });
  wait(0.5);
  expect(steps).toEqual([0, 1, 2, 3, 4]);
  expect(onEnd).not.toHaveBeenCalled();
  wait(0.5);
  expect(strikes()).toEqual([0.06, 0.26, 0.46]);
  expect(steps).toEqual([0, 1, 2, 3, 4, 5]);
  expect(onEnd).toHaveBeenCalledOnce();
  expect(player.isPlaying).toBe(false);
});

test('from the middle of a note it is struck there', () => {
  new Player().play(tune([60, -2, -2, -2]), { from: 2 });
  expect(strikes()).toEqual([0.06]);
});

test('the metronome clicks beats, dotted ones in 6/8', () => {
  new Player().play(tune(new Array<number>(12).fill(-2), { stepsPerBar: 12, meter: [6, 8] }), { metronome: true });
  wait(2);
  expect(asked.filter(([what]) => what === 'click').map(([, time]) => Math.round(time * 1000) / 1000)).toEqual([0.06, 0.66]);
});

test('music waits for events that are late, until they are finished', () => {
  const player = new Player();
  const onEnd = vi.fn();
  player.play(tune([60]), { isOpen: true, onEnd });
  wait(1);
  player.append(62);
  wait(1);
  expect(strikes()[1]).toBeGreaterThanOrEqual(1);
  expect(player.isPlaying).toBe(true);
  player.finish();
  wait(0.2);
  expect(onEnd).toHaveBeenCalledOnce();
});

test('what is stopped is silent and told no more', () => {
  const onStep = vi.fn();
  const player = new Player();
  player.play(tune(new Array<number>(16).fill(60)), { onStep });
  wait(0.2);
  player.stop();
  const told = onStep.mock.calls.length;
  asked = [];
  wait(1);
  expect(onStep).toHaveBeenCalledTimes(told);
  expect(asked).toEqual([]);
});

test('the time of a step is told on the clock of the page', () => {
  const player = new Player();
  expect(player.timeOfStep(0)).toBeUndefined();
  player.play(tune(new Array<number>(32).fill(-2)));
  const now = performance.now() / 1000;
  expect(player.timeOfStep(16)! - now).toBeCloseTo(1.66, 3);
});

test('without Web Audio a sentence says so', () => {
  vi.stubGlobal('AudioContext', undefined);
  expect(() => new Player().noteOn(60)).toThrow(/Web Audio/);
});
