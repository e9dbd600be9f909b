import type { AccompanyingNote } from '../chords/accompaniment';
import { t } from '../texts';
import type { Melody, Meter } from '../types';
import { Instrument, toneOf, type SoundingNote } from './instrument';

export interface PlayOptions {
  /** The step to begin with. */
  from?: number;
  /** Is told each step when it sounds. */
  onStep?: (step: number) => void;
  /** Is told that the melody is over; not if it was stopped. */
  onEnd?: () => void;
  /** Whether a metronome clicks the beats. */
  metronome?: boolean;
  /** What is played along. */
  accompaniment?: readonly AccompanyingNote[];
  /** Whether more events come by `append`, until `finish`; where they are late, the music waits for them. */
  isOpen?: boolean;
}

/** How far ahead of the audio clock notes are scheduled, and how often that is done. */
const AHEAD_SECONDS = 0.15;
const INTERVAL_SECONDS = 0.025;
const START_SECONDS = 0.06;
const IDLE_SECONDS = 1;
const RENDER_RATE = 44_100;
/** How loud an accompaniment is beside a melody. */
const ALONG = 0.6;
const USUAL_PITCHES = [55, 58, 61, 64, 67, 70, 73, 76, 79, 82];

/** What is being played. */
interface Playing {
  melody: Melody;
  events: number[];
  options: PlayOptions;
  /** The step that is scheduled next, and when it sounds. */
  step: number;
  time: number;
  isOpen: boolean;
  /** What sounds until then. */
  note?: SoundingNote;
  /** Steps that are scheduled, but do not sound yet. */
  awaited: { step: number; time: number }[];
}

/**
 * Plays melodies, and single notes of a keyboard. Call `load` or `play` from a click or key: browsers keep silent before.
 * To record by the metronome, play a melody of silence: `timeOfStep` says when its bars begin.
 */
export class Player {
  private context?: AudioContext;
  private instrument?: Instrument;
  private playing?: Playing;
  private timer?: ReturnType<typeof setInterval>;
  private readonly held = new Map<number, SoundingNote>();
  private rendering?: Promise<void>;

  constructor() {
    // What is rendered before the first click need not be waited for.
    if (typeof AudioBuffer !== 'undefined') setTimeout(() => void this.render(), 1000 * IDLE_SECONDS);
  }

  get isPlaying(): boolean {
    return this.playing !== undefined;
  }

  /**
   * Makes the instrument ready.
   *
   * @throws Error with a sentence for the user if the browser makes no sound.
   */
  async load(): Promise<void> {
    this.ready();
    await this.render();
  }

  /** Plays a melody from a step on; what played before stops. */
  play(melody: Melody, options: PlayOptions = {}): void {
    this.stop();
    this.ready();
    const step = Math.max(0, options.from ?? 0);
    const events = [...melody.events];
    // What sounds already where it begins is struck there.
    const held = events.slice(0, step).reverse().find((event) => event !== -2) ?? -1;
    if (events[step] === -2 && held >= 0) events[step] = held;
    const time = this.context!.currentTime + START_SECONDS;
    this.playing = { melody, events, options: { ...options }, step, time, isOpen: options.isOpen ?? false, awaited: [] };
    this.timer = setInterval(() => this.tick(), 1000 * INTERVAL_SECONDS);
    this.tick();
  }

  /** Adds an event to the melody that is playing. */
  append(event: number): void {
    this.playing?.events.push(event);
  }

  /** Takes other events for those of the melody that do not sound yet. */
  exchange(events: readonly number[], accompaniment?: readonly AccompanyingNote[]): void {
    if (!this.playing) return;
    this.playing.events = [...events];
    this.playing.options.accompaniment = accompaniment;
  }

  /** Says that no more events come. */
  finish(): void {
    if (this.playing) this.playing.isOpen = false;
  }

  /** Stops the melody, and the notes of the keyboard. */
  stop(): void {
    clearInterval(this.timer);
    this.playing = undefined;
    this.held.clear();
    this.instrument?.cut();
  }

  /** Sounds a note of a keyboard until `noteOff`. */
  noteOn(pitch: number): void {
    this.noteOff(pitch);
    this.held.set(pitch, this.ready().strike(pitch, this.context!.currentTime, 0.8));
  }

  noteOff(pitch: number): void {
    this.held.get(pitch)?.release(this.context!.currentTime);
    this.held.delete(pitch);
  }

  /** Returns when a step is heard, in seconds on the clock of `performance.now()`; undefined if nothing plays. */
  timeOfStep(step: number): number | undefined {
    if (!this.playing || !this.context) return undefined;
    const time = this.playing.time + (step - this.playing.step) * secondsPerStep(this.playing.melody);
    return performance.now() / 1000 + time - this.context.currentTime + (this.context.outputLatency || 0);
  }

  private render(): Promise<void> {
    return (this.rendering ??= renderUsual());
  }

  private ready(): Instrument {
    if (typeof AudioContext === 'undefined') throw new Error(t('sound.missing'));
    this.context ??= new AudioContext({ latencyHint: 'interactive' });
    if (this.context.state !== 'running') void this.context.resume();
    return (this.instrument ??= new Instrument(this.context));
  }

  private tick(): void {
    const { playing } = this;
    if (!playing) return;
    const now = this.context!.currentTime;
    while (playing.time < now + AHEAD_SECONDS && playing.step < playing.events.length) this.schedule(playing);
    while (playing.awaited.length && playing.awaited[0].time <= now) {
      const { step } = playing.awaited.shift()!;
      playing.options.onStep?.(step);
      if (this.playing !== playing) return;
    }
    if (playing.step < playing.events.length) return;
    // Where events are late, time stands still.
    if (playing.isOpen) playing.time = Math.max(playing.time, now + START_SECONDS);
    else this.end(playing, now);
  }

  private schedule(playing: Playing): void {
    const { melody, events, step, options } = playing;
    const time = Math.max(playing.time, this.context!.currentTime);
    const place = step % melody.stepsPerBar;
    if (options.metronome && place % beatSteps(melody.meter) === 0) this.instrument!.click(time, place === 0);
    playing.note = soundEvent(this.instrument!, melody, events[step], step, time, playing.note);
    for (const note of options.accompaniment ?? []) soundAlong(this.instrument!, melody, note, step, time);
    playing.awaited.push({ step, time });
    playing.step += 1;
    playing.time = time + secondsPerStep(melody);
  }

  private end(playing: Playing, now: number): void {
    if (now + 2 * INTERVAL_SECONDS >= playing.time) {
      playing.note?.release(Math.max(now, playing.time));
      playing.note = undefined;
    }
    if (now < playing.time) return;
    clearInterval(this.timer);
    this.playing = undefined;
    playing.options.onEnd?.();
  }
}

/** Sounds a note of an accompaniment if it begins at a step. */
function soundAlong(instrument: Instrument, melody: Melody, { start, end, pitch, strength }: AccompanyingNote, step: number, time: number): void {
  if (Math.floor(start) !== step) return;
  const from = time + (start - step) * secondsPerStep(melody);
  instrument.strike(pitch, from, ALONG * strength).release(from + (end - start) * secondsPerStep(melody));
}

/** Returns what a melody sounds like, without waiting for it, and the silence after it. */
export function renderMelody(melody: Melody, tailSeconds = 1, accompaniment: readonly AccompanyingNote[] = []): Promise<AudioBuffer> {
  const seconds = melody.events.length * secondsPerStep(melody);
  const context = new OfflineAudioContext(2, Math.ceil((seconds + tailSeconds) * RENDER_RATE), RENDER_RATE);
  const instrument = new Instrument(context);
  let note: SoundingNote | undefined;
  melody.events.forEach((event, step) => {
    note = soundEvent(instrument, melody, event, step, step * secondsPerStep(melody), note);
    for (const along of accompaniment) soundAlong(instrument, melody, along, step, step * secondsPerStep(melody));
  });
  note?.release(seconds);
  return context.startRendering();
}

/** Sounds an event at a time of the audio clock, and returns the note that sounds from then on. */
function soundEvent(
  instrument: Instrument,
  { meter, stepsPerBar }: Melody,
  event: number,
  step: number,
  time: number,
  before: SoundingNote | undefined,
): SoundingNote | undefined {
  if (event === -2) return before;
  before?.release(time);
  const place = step % stepsPerBar;
  const velocity = place === 0 ? 0.85 : place % beatSteps(meter) === 0 ? 0.75 : 0.65;
  return event >= 0 ? instrument.strike(event, time, velocity) : undefined;
}

async function renderUsual(): Promise<void> {
  for (const pitch of USUAL_PITCHES) {
    toneOf(pitch);
    // The page stays awake in between.
    await new Promise((resolve) => setTimeout(resolve));
  }
}

function secondsPerStep(melody: Melody): number {
  return 15 / melody.quartersPerMinute;
}

/** Returns the steps of a beat that a metronome clicks: three eighths where they go by threes. */
function beatSteps([numerator, denominator]: Meter): number {
  return (denominator >= 8 && numerator % 3 === 0 && numerator > 3 ? 48 : 16) / denominator;
}
