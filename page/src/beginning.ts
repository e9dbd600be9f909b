/** A beginning, or a call: written by the keys, note by note or in time. */
import { quantize, type PlayedNote } from './input';
import type { Player } from './sound';
import { t } from './texts';
import type { Melody, Meter } from './types';
import { h } from './ui/dom';
import { notesOf } from './ui/roll';

const NO_EVENT = -2;
const NOTE_OFF = -1;
const USUAL_TEMPO = 120;
const MODES = ['sound', 'notes', 'time'] as const;
const LENGTHS = [1, 2, 4, 8, 16];
const CALL_BARS = [1, 2, 4];

interface Around {
  player: Player;
  tempo: () => number | undefined;
  meter: () => string;
  /** Is told the beginning, and the one before it. */
  onChange: (melody: Melody | null, before: Melody | null) => void;
  onCall: (melody: Melody, bars: number) => Promise<void>;
  beforeCall: () => void;
}

export class Beginning {
  readonly element = h('div', { class: 'beginning' });
  readonly callElement = h('div', { class: 'call' });
  melody: Melody | null = null;

  private readonly summary = h('p', { class: 'summary' });
  private readonly problem = h('p', { class: 'problem', role: 'alert' });
  private readonly callStatus = h('p', { class: 'status', role: 'status' });
  private readonly mode = h('select', { id: 'mode' });
  private readonly length = h('select', { id: 'length' });
  private readonly callBars = h('select', { id: 'call-bars' });
  private readonly controls = h('div', { class: 'actions' });
  private readonly typed: { pitch: number | null; steps: number }[] = [];
  private played: PlayedNote[] | null = null;
  private startedAt = 0;

  constructor(private readonly around: Around) {
    this.mode.addEventListener('change', () => this.writeControls());
  }

  /** Writes all words anew, in the page's language. */
  write(): void {
    const [mode, length, bars] = [this.mode.value || 'sound', this.length.value || '4', this.callBars.value || '2'];
    this.mode.replaceChildren(...MODES.map((own) => h('option', { value: own }, t(`mode.${own}`))));
    this.length.replaceChildren(...LENGTHS.map((own) => h('option', { value: own }, t(`length.${own}` as 'length.1'))));
    this.callBars.replaceChildren(...CALL_BARS.map((own) => h('option', { value: own }, String(own))));
    [this.mode.value, this.length.value, this.callBars.value] = [mode, length, bars];
    const field = h('div', { class: 'field' }, h('label', { for: 'mode' }, t('beginning.mode')), this.mode);
    this.element.replaceChildren(this.summary, field, this.controls, this.problem);
    const call = h('button', { type: 'button', onclick: () => void this.call() }, t('answer.start'));
    this.callElement.replaceChildren(
      h('p', { class: 'hint' }, t('answer.help')),
      h(
        'div',
        { class: 'actions' },
        h('div', { class: 'field' }, h('label', { for: 'call-bars' }, t('answer.bars')), this.callBars),
        call,
      ),
      this.callStatus,
    );
    this.writeControls();
    this.describe();
  }

  /** Says what is wrong, beside the controls. */
  tell(text: string): void {
    this.problem.textContent = text;
  }

  /** Takes a melody for the beginning, or nothing; tells nobody. */
  set(melody: Melody | null): void {
    this.melody = melody;
    this.typed.length = 0;
    this.describe();
  }

  /** A key went down or came up; times are in seconds. */
  note(pitch: number, isDown: boolean, time: number): void {
    if (isDown) this.around.player.noteOn(pitch);
    else this.around.player.noteOff(pitch);
    if (this.played) this.record(this.played, pitch, isDown, time);
    else if (isDown && this.mode.value === 'notes') this.type(pitch);
  }

  private record(played: PlayedNote[], pitch: number, isDown: boolean, time: number): void {
    if (isDown) {
      played.push({ pitch, start: time, end: Infinity });
      return;
    }
    const open = played.find((note) => note.pitch === pitch && note.end === Infinity);
    if (open) open.end = time;
  }

  private writeControls(): void {
    const button = (text: string, onclick: () => void) => h('button', { type: 'button', onclick }, text);
    const clear = button(t('beginning.clear'), () => this.change(null));
    const controls = {
      sound: () => [],
      notes: () => [
        h('div', { class: 'field' }, h('label', { for: 'length' }, t('note.length')), this.length),
        button(t('rest'), () => this.type(null)),
        button(t('note.back'), () => this.back()),
      ],
      time: () => [button(t(this.played ? 'record.stop' : 'record'), () => this.toggleRecording())],
    }[this.mode.value as (typeof MODES)[number]]();
    this.controls.replaceChildren(...controls, clear);
  }

  private type(pitch: number | null): void {
    this.typed.push({ pitch, steps: Number(this.length.value) });
    this.fromTyped();
  }

  private back(): void {
    this.typed.pop();
    this.fromTyped();
  }

  private fromTyped(): void {
    const events = this.typed.flatMap(({ pitch, steps }) => [pitch ?? NOTE_OFF, ...new Array<number>(steps - 1).fill(NO_EVENT)]);
    const own = [...this.typed];
    this.change(events.some((event) => event >= 0) ? { ...this.empty(), events } : null);
    this.typed.push(...own);
  }

  private toggleRecording(): void {
    this.tell('');
    if (!this.played) {
      void this.around.player.load();
      this.played = [];
      this.tell(t('record.on'));
    } else {
      const melody = this.quantized(this.played);
      this.played = null;
      if (melody) this.change(melody);
      else this.tell(t('record.nothing'));
    }
    this.writeControls();
  }

  /** Returns what was played from the first note on, or from a moment in seconds; null if nothing was. */
  private quantized(played: PlayedNote[], from?: number): Melody | null {
    if (!played.length) return null;
    const end = performance.now() / 1000;
    const first = from ?? Math.min(...played.map(({ start }) => start));
    const notes = played.map(({ pitch, start, end: own }) => ({ pitch, start: start - first, end: Math.min(own, end) - first }));
    const { quartersPerMinute, stepsPerBar, meter } = this.empty();
    return { ...quantize(notes, quartersPerMinute, stepsPerBar), meter, stepsPerBar };
  }

  /** Counts a bar, listens for some, and hands over what was played. */
  private async call(): Promise<void> {
    const { player } = this.around;
    this.around.beforeCall();
    await player.load();
    const bars = Number(this.callBars.value);
    const frame = this.empty();
    const { stepsPerBar } = frame;
    const steps = (bars + 1) * stepsPerBar;
    this.callStatus.textContent = t('answer.count');
    this.played = [];
    player.play(
      { ...frame, events: new Array<number>(steps).fill(NO_EVENT) },
      {
        from: 0,
        metronome: true,
        onStep: (step) => {
          if (step === stepsPerBar) this.callStatus.textContent = t('answer.play');
        },
        onEnd: () => void this.called(bars, stepsPerBar),
      },
    );
    this.startedAt = player.timeOfStep(stepsPerBar) ?? 0;
  }

  private async called(bars: number, stepsPerBar: number): Promise<void> {
    const { played, startedAt } = this;
    this.played = null;
    const sixteenth = 15 / this.empty().quartersPerMinute;
    // A note that comes a little before the bar line belongs after it.
    const own = (played ?? []).filter(({ start }) => start > startedAt - 2 * sixteenth);
    const early = own.map((note) => ({ ...note, start: Math.max(note.start, startedAt) }));
    const melody = this.quantized(early, startedAt);
    this.callStatus.textContent = melody ? '' : t('answer.nothing');
    if (!melody) return;
    const events = [...melody.events, ...new Array<number>(bars * stepsPerBar).fill(NO_EVENT)].slice(0, bars * stepsPerBar);
    await this.around.onCall({ ...melody, events }, bars);
  }

  /** Takes a melody for the beginning, or nothing. */
  change(melody: Melody | null): void {
    const before = this.melody;
    this.set(melody);
    this.tell('');
    this.around.onChange(melody, before);
  }

  private empty(): Omit<Melody, 'events'> {
    const meter = this.around.meter().split('/').map(Number) as Meter;
    const stepsPerBar = (16 * meter[0]) / meter[1];
    return { meter, stepsPerBar, pickupSteps: 0, quartersPerMinute: this.around.tempo() ?? USUAL_TEMPO };
  }

  private describe(): void {
    const { melody } = this;
    this.summary.textContent = melody
      ? t('beginning.some', {
          notes: notesOf(melody.events).length,
          bars: Math.ceil(melody.events.length / melody.stepsPerBar),
          meter: melody.meter.join('/'),
        })
      : t('beginning.none');
  }
}
