/** Writes a tune, event by event: what `MelodyRNN.stream` does of the same model, seed and settings. */
import { Hearing, keyOfChords, scaleOfKey, withEnding } from '../chords/hearing';
import { ChordError, parseProgression, type Progression } from '../chords/progression';
import { mod } from '../chords/symbols';
import { chordsWithin } from '../files/layout';
import type { Chord, Form, Melody } from '../types';
import { parseKey, tonicOf } from '../files/keys';
import { Guide, type Begun } from './guide';
import { homeTransposition, majorKey, pitchClass, roundHalfEven, transpose } from './home';
import { groundOf, type Cadence, type Opening, type Outline, type PageKey, type PageMeter } from './knowledge';
import { type Model } from './litert';
import { Philox } from './random';
import { type Frame, type Request } from './request';
import { FREE, type Choice, type Said, type Sampler, Walk, allowed } from './walk';

const DEFAULT_BARS = 8;
const COMMON_TIME = '4/4';
const OCTAVE = 12;
/** Endings draw from random numbers of their own: those of the tunes that no run has. */
const FIRST_ENDING = 2 ** 32;
const FLAT_KEYS = ['C', 'Db', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B'];

/** What cannot be had; the key of a text says why. */
export class AskedTooMuch extends Error {
  constructor(readonly reason: 'noOutline' | 'primerTooLong' | 'unknownMeter') {
    super(reason);
  }
}

/** One generated step: the event as it sounds, and what the model said before it. */
export interface Step extends Choice {
  said: Said;
  temperature: number;
}

/** An ending: of which section, on which passes, from which step of the tune on, and its events as they sound. */
export interface WrittenEnding {
  section: number;
  passes: number[];
  start: number;
  events: number[];
  chords?: Chord[];
}

export class Writer {
  readonly frame: Frame;
  /** All events so far, as they sound. */
  readonly events: number[];
  /** Of each step: how it was chosen; undefined for those that were given. */
  readonly steps: (Step | undefined)[];
  /** From which step on which temperature holds; may be changed between two steps. */
  readonly temperatures: [step: number, temperature: number][];
  /** The endings that sections have before their last pass, in the order of the outline; written after the tune. */
  readonly endings: WrittenEnding[] = [];
  private readonly guide: Guide | undefined;
  private readonly key: PageKey | undefined;
  private readonly progression: Progression | undefined;
  private readonly chords: Chord[] | undefined;
  private readonly hearing: Hearing | undefined;
  /** The pitch classes of the key in which chords weigh notes. */
  private readonly scale: number[];
  private readonly meter: PageMeter;
  private readonly played: number[];
  private readonly kept = new Map<number, number>();

  constructor(
    private readonly model: Model,
    private readonly sampler: Sampler,
    readonly request: Request,
  ) {
    const { keys } = model.knowledge;
    this.key = keys.find((key) => key.name === request.key);
    this.progression = request.chords ? parseProgression(request.chords) : undefined;
    this.frame = this.plan();
    this.meter = this.meterOf(this.meterText());
    this.chords = this.progression?.over(this.ground);
    this.hearing = this.chords && new Hearing(this.chords, this.frame.transposition);
    this.scale = this.scaleOfChords();
    this.guide = this.guideOf(this.hearing);
    this.events = [...(request.primer?.events ?? [])];
    this.played = this.events.map((event) => this.asPlayed(event));
    for (const [start, events] of request.keep ?? []) {
      events.forEach((event, place) => this.kept.set(start + place, event));
    }
    if (this.events.length === 0) this.open();
    this.steps = this.events.map(() => undefined);
    this.temperatures = request.temperatures.map((change) => [...change]);
  }

  /** The tune so far. */
  get melody(): Melody {
    const events = [...this.events];
    return { ...this.frame.melody, events, chords: this.chords, key: this.frame.melody.key ?? `${FLAT_KEYS[majorKey(events)]} major` };
  }

  /** How the tune is played, as it is written; nothing for a stream, or a tune that does not go to its end. */
  get form(): Form | undefined {
    const { outline, endings, events } = this;
    if (!outline || !this.isWhole) return undefined;
    let number = events.length;
    const numbered = endings.map((ending) => {
      number += ending.events.length;
      return { ...ending, number: number - ending.events.length };
    });
    const sections = outline.sections.map(([start, label, times], section) => {
      const last = events.slice(0, outline.sections[section + 1]?.[0]);
      // One that is as its section ends anyway is none.
      const own = numbered.filter((ending) => ending.section === section && ending.events.join() !== last.slice(ending.start).join());
      return { start, label, times, endings: own.map(({ section: _, ...ending }) => ending) };
    });
    return { sections, jump: outline.jump };
  }

  /** Whether the tune goes to its end. */
  get isWhole(): boolean {
    return this.events.length >= this.frame.numSteps;
  }

  /** The request that gives this tune again, whatever was changed on the way. */
  get again(): Request {
    const { outline, transposition } = this.frame;
    const stop = this.isWhole ? undefined : this.events.length;
    const temperatures = this.temperatures.map((change): [number, number] => [...change]);
    return { ...this.request, outline, transposition, temperatures, stop };
  }

  /** Sets the temperature from the next step on. */
  steer(temperature: number): void {
    const step = this.events.length - this.numGiven;
    const last = this.temperatures[this.temperatures.length - 1];
    if (last[0] === step) last[1] = temperature;
    else if (last[1] !== temperature) this.temperatures.push([step, temperature]);
  }

  /** Yields how each further event was chosen, the event as it sounds. */
  async *write(): AsyncGenerator<Step> {
    const { knowledge } = this.model;
    const noise = new Philox(this.request.seed, 0);
    const walk = new Walk(this.model, this.frame.melody.stepsPerBar);
    try {
      for (let step = 0; step < this.events.length - 1; step++) await walk.take(this.played[step], this.cues(step + 1));
      while (this.events.length < Math.min(this.frame.numSteps, this.request.stop ?? Infinity)) {
        const place = this.events.length;
        const heard = await walk.take(this.played[place - 1], this.cues(place));
        const logits = this.weighed(heard, place, this.hearing);
        const said = { ...heard, logits, isAllowed: this.mask(place), fixed: this.fixedAt(place, this.guide, this.played) };
        const temperature = this.temperatureAt(place);
        const settings = { temperature, topP: this.request.topP };
        const choice = await this.sampler.choose(said, settings, noise.floats(knowledge.numClasses));
        this.played.push(choice.event);
        const chosen = { ...choice, event: this.asItSounds(choice.event), said, temperature };
        this.events.push(chosen.event);
        this.steps.push(chosen);
        yield chosen;
      }
    } finally {
      walk.delete();
    }
  }

  /** Writes the endings of a whole tune that is written but for them; yields after each step. */
  async *writeEndings(): AsyncGenerator<void> {
    if (!this.guide || !this.isWhole) return;
    const planned = (this.outline as Outline).endings;
    const written: WrittenEnding[] = [];
    for (const [number, [section, start, numSteps, passes]] of planned.entries()) {
      // What the beginning has already is not written anew.
      const isGiven = start < this.numGiven;
      const events = isGiven ? this.events.slice(start, start + numSteps) : yield* this.ending(number, start, numSteps);
      written.push({ section, passes, start, events, chords: this.chords && chordsWithin(this.chords, start, start + numSteps) });
    }
    this.endings.push(...written);
  }

  /** Returns the events of an ending, as they sound: the model hears the tune up to there, told what follows. */
  private async *ending(number: number, start: number, numSteps: number): AsyncGenerator<void, number[]> {
    const [section] = (this.outline as Outline).endings[number];
    const sectionStart = (this.outline as Outline).sections[section][0];
    const own = this.chords && withEnding(this.chords, sectionStart, start + numSteps);
    const hearing = own && new Hearing(own, this.frame.transposition);
    const guide = this.guideOf(hearing, number, start) as Guide;
    const noise = new Philox(this.request.seed, FIRST_ENDING * (number + 1));
    const played = this.played.slice(0, start);
    const isAllowed = allowed(this.model, () => true, true);
    for (let step = this.numGiven; step < start; step++) noise.floats(this.model.knowledge.numClasses);
    const walk = new Walk(this.model, this.frame.melody.stepsPerBar);
    try {
      for (let step = 0; step < start - 1; step++) {
        await walk.take(played[step], guide.cues(step + 1));
        yield;
      }
      for (let step = start; step < start + numSteps; step++) {
        const heard = await walk.take(played[step - 1], guide.cues(step));
        const logits = this.weighed(heard, step, hearing);
        const said = { ...heard, logits, isAllowed, fixed: this.fixedAt(step, guide, played, true) };
        const settings = { temperature: this.temperatureAt(step), topP: this.request.topP };
        played.push((await this.sampler.choose(said, settings, noise.floats(this.model.knowledge.numClasses))).event);
        yield;
      }
    } finally {
      walk.delete();
    }
    return played.slice(start).map((event) => this.asItSounds(event));
  }

  /** Returns an event of the model's as it sounds. */
  asItSounds(event: number): number {
    return transpose(event, -this.frame.transposition);
  }

  private asPlayed(event: number): number {
    const { minNote, maxNote } = this.model.knowledge;
    return transpose(event, this.frame.transposition, minNote, maxNote);
  }

  private get numGiven(): number {
    return this.request.primer?.events.length ?? 1;
  }

  private plan(): Frame {
    const { primer } = this.request;
    if (this.model.knowledge.knowsForm && (!primer || this.request.hasForm)) return this.planTune();
    const meter = this.meterOf(this.meterText());
    const numSteps = (this.request.bars ?? DEFAULT_BARS) * meter.stepsPerBar;
    if (primer && numSteps <= primer.events.length) throw new AskedTooMuch('primerTooLong');
    const transposition = this.request.transposition ?? this.streamTransposition();
    const { home } = this.model.knowledge;
    const homeKey = home === null || primer ? undefined : `${FLAT_KEYS[pitchClass(home - transposition)]} major`;
    const melody = {
      stepsPerBar: meter.stepsPerBar,
      meter: meter.numbers,
      quartersPerMinute: this.request.qpm ?? primer?.qpm ?? meter.streamQpm,
      pickupSteps: primer?.pickupSteps ?? 0,
      key: this.key?.name ?? primer?.key ?? homeKey,
    };
    return { melody, numSteps, transposition, passages: [] };
  }

  private planTune(): Frame {
    const place = this.request.outline ?? this.drawnOutline();
    const outline = this.model.bank?.outlines[place];
    if (!outline) throw new AskedTooMuch('noOutline');
    const { primer, qpm } = this.request;
    if (primer && outline.numSteps <= primer.events.length) throw new AskedTooMuch('primerTooLong');
    const meter = this.meterOf(outline.meter);
    // The outline is in the key that is asked for, and the model plays it where it did; a primer where it is at home.
    const transposition = primer ? this.streamTransposition() : outline.transposition - this.movedBy(outline);
    const tonic = pitchClass((outline.tonic as number) + outline.transposition - transposition);
    const melody = {
      stepsPerBar: meter.stepsPerBar,
      meter: meter.numbers,
      quartersPerMinute: qpm ?? primer?.qpm ?? meter.qpm,
      pickupSteps: outline.pickupSteps,
      key: this.keyName(tonic, outline.mode as string),
    };
    return { melody, numSteps: outline.numSteps, transposition, passages: outline.passages, outline: place };
  }

  /** Returns by how many semitones an outline is moved to be in the key that is asked for. */
  private movedBy(outline: Outline): number {
    const tonic = this.askedKey?.tonic ?? (outline.tonic as number);
    return pitchClass(tonic - (outline.tonic as number) + 6) - 6;
  }

  /** The key of a whole tune: that of its primer, or of its chords, where no other is asked for. */
  private get askedKey(): { tonic: number; mode: string } | undefined {
    const { primer } = this.request;
    const ofPrimer = parseKey(primer?.key);
    return this.key ?? (ofPrimer && { tonic: tonicOf(ofPrimer), mode: ofPrimer.mode }) ?? (primer ? undefined : this.keyOfChords);
  }

  private get keyOfChords(): PageKey | undefined {
    return this.progression && keyOfChords(this.progression.shares(), this.model.knowledge.keys);
  }

  private scaleOfChords(): number[] {
    const { numSteps, melody, outline } = this.frame;
    if (outline !== undefined) return scaleOfKey(parseKey(melody.key));
    const { chords = [] } = this;
    const shares = chords.map(({ step, symbol }, place): [string, number] => [symbol, (chords[place + 1]?.step ?? numSteps) - step]);
    return keyOfChords(shares, this.model.knowledge.keys)?.pitchClasses ?? scaleOfKey(undefined);
  }

  /** What the chords are laid under. */
  private get ground() {
    if (this.outline) return groundOf(this.outline);
    const { melody, numSteps } = this.frame;
    return { ...melody, numSteps, sections: [], isOpen: true };
  }

  /** Returns the logits of a step as its chord weighs them, for models that do not hear chords. */
  private weighed({ logits, labelEvents }: Pick<Said, 'logits' | 'labelEvents'>, step: number, hearing: Hearing | undefined): Float32Array {
    const weights = this.weights(step, hearing);
    if (!weights) return logits;
    return logits.map((logit, label) => (labelEvents[label] < 0 ? logit : logit + weights[labelEvents[label] % OCTAVE]));
  }

  private weights(step: number, hearing: Hearing | undefined): Float32Array | undefined {
    if (this.model.knowledge.knowsChords) return undefined;
    return hearing?.weights(step, this.meter.numbers, this.meter.stepsPerBar, this.scale);
  }

  private drawnOutline(): number {
    const { bars, seed, primer } = this.request;
    const meter = primer?.meter ?? this.request.meter;
    const shape = { bars, meter, pickupSteps: primer?.pickupSteps, key: this.askedKey };
    const { progression } = this;
    const fitting = this.model.bank?.fitting({ ...shape, fills: progression && ((ground) => progression.fits(ground)) }) ?? [];
    if (!fitting.length && this.model.bank?.fitting(shape).length) throw new ChordError('chords.uneven');
    return fitting[Math.floor(new Philox(seed, 1).double() * fitting.length)];
  }

  /** Returns what guides a whole tune, or an ending of it that begins at a step. */
  private guideOf(hearing: Hearing | undefined, ending?: number, start?: number): Guide | undefined {
    const { bank, knowledge } = this.model;
    const { outline: place } = this.frame;
    if (!bank || place === undefined) return undefined;
    const { stepsPerBar } = this.frame.melody;
    const led = hearing && { hearing, cadences: this.cadences(place, ending) };
    return new Guide(bank, bank.plan(place, ending), knowledge, { stepsPerBar, begun: this.begunBy(bank.outlines[place]), led }, start);
  }

  /** Returns what the sections of an outline end on, or those up to the end of one of its endings, over its chords. */
  private cadences(place: number, ending?: number): Cadence[] {
    const bank = this.model.bank!;
    const led = ([first, end, pitch]: Cadence): Cadence => [first, end, this.hearing!.nearest(pitch, first)];
    const own = bank.plan(place).cadences.map(led);
    if (ending === undefined) return own;
    const [section] = bank.outlines[place].endings[ending];
    return bank.plan(place, ending).cadences.map((cadence, number) => {
      if (number <= section) return number < section ? own[number] : led(cadence);
      return [cadence[0], cadence[1], own[number - 1][2]];
    });
  }

  /** Returns the primer of a whole tune as the model plays it, and the range that the tune has with it. */
  private begunBy(outline: Outline): Begun | undefined {
    const { primer } = this.request;
    if (!primer) return undefined;
    const pitches = primer.events.filter((event) => event >= 0);
    const [lowest, highest] = [Math.min(...pitches), Math.max(...pitches)];
    const moved = this.movedBy(outline);
    // The outline sounds where the primer does; the model plays it where it did.
    const own = outline.pitches ?? [lowest, highest];
    const octaves = roundHalfEven((own[0] + own[1] + 2 * moved - lowest - highest) / 2 / OCTAVE);
    const transposition = outline.transposition - moved + OCTAVE * octaves;
    return {
      events: primer.events,
      pitches: [
        Math.min(own[0] + outline.transposition, lowest + transposition),
        Math.max(own[1] + outline.transposition, highest + transposition),
      ],
    };
  }

  private streamTransposition(): number {
    const { minNote, maxNote, home } = this.model.knowledge;
    const { primer } = this.request;
    if (primer) return homeTransposition(primer.events, minNote, maxNote, home);
    return (this.key ?? this.keyOfChords)?.transposition ?? 0;
  }

  private keyName(tonic: number, mode: string): string {
    return this.model.knowledge.keys.find((key) => key.tonic === tonic && key.mode === mode)?.name ?? `${FLAT_KEYS[tonic]} ${mode}`;
  }

  private get outline(): Outline | undefined {
    return this.frame.outline === undefined ? undefined : this.model.bank?.outlines[this.frame.outline];
  }

  private meterText(): string {
    const { primer, meter } = this.request;
    return this.frame?.outline !== undefined ? (this.outline as Outline).meter : (primer?.meter ?? meter ?? COMMON_TIME);
  }

  private meterOf(text: string): PageMeter {
    const meter = this.model.knowledge.meters.find((own) => own.text === text);
    if (!meter) throw new AskedTooMuch('unknownMeter');
    return meter;
  }

  /** Draws the first event, or takes the one that is kept. */
  private open(): void {
    const kept = this.kept.get(0);
    const event = kept === undefined ? drawn(this.openings(), new Philox(this.request.seed, 0).double()) : this.asPlayed(kept);
    this.played.push(event);
    this.events.push(this.asItSounds(event));
  }

  /** Returns the events that can open the melody, and their shares. */
  private openings(): Opening[] {
    const { outline, hearing } = this;
    const openings = outline?.openings ?? this.key?.openings ?? this.model.knowledge.openings;
    if (!hearing || outline?.pickupSteps) return openings;
    if (outline && outline.opening !== null) return [[hearing.nearest(outline.opening + outline.transposition, 0), 1]];
    const weights = this.weights(0, hearing);
    if (!weights) return openings;
    const most = Math.max(...weights);
    return openings.map(([event, share]) => [event, event < 0 ? share : share * Math.exp(weights[mod(event)] - most)]);
  }

  private cues(step: number): Float32Array | null {
    const { bank } = this.model;
    if (!bank) return null;
    if (this.guide) return this.guide.cues(step);
    const cues = bank.streamCues(this.meter.text, this.frame.melody.pickupSteps > 0, this.meter.stepsPerBar, step);
    if (!cues) throw new AskedTooMuch('unknownMeter');
    if (this.hearing) bank.hear(cues, this.hearing.cues(step, this.model.knowledge.maxBarSteps));
    return cues;
  }

  private mask(step: number): Float32Array {
    const endsNote = Boolean(this.request.primer) && step === this.numGiven && !this.kept.has(step);
    const isStream = this.frame.outline === undefined;
    const tones = isStream && this.key ? new Set(this.key.pitchClasses) : undefined;
    const isPitch = (played: number) => !tones || tones.has(pitchClass(played - this.frame.transposition));
    return allowed(this.model, isPitch, !endsNote);
  }

  /** Returns what is fixed of a step; what is kept of the tune is not kept of its endings. */
  private fixedAt(step: number, guide: Guide | undefined, played: readonly number[], isEnding = false): number {
    const kept = isEnding ? undefined : this.kept.get(step);
    if (kept !== undefined) return this.asPlayed(kept);
    if (!guide) return FREE;
    const { event, repeats } = guide.fixed(step);
    return repeats > 0 ? played[step - repeats] : event;
  }

  private temperatureAt(step: number): number {
    const own = step - this.numGiven;
    return this.temperatures.reduce((value, [from, temperature]) => (from <= own ? temperature : value), 1);
  }
}

/** Returns the event that a number in [0, 1) chooses, in proportion to the shares. */
function drawn(openings: readonly Opening[], number: number): number {
  let sum = 0;
  const bounds = openings.map(([, share]) => (sum += share));
  const place = bounds.findIndex((bound) => bound > number * sum);
  return openings[place < 0 ? openings.length - 1 : place][0];
}
