/** The page: its controls, and what they do to the tune. */
import { ACCEPT, FileError, readFile, toAbc, toMidi, toMusicXml } from './files';
import { Keyboard } from './input';
import { Beginning } from './beginning';
import { accompany, type AccompanyingNote } from './chords/accompaniment';
import { ChordError } from './chords/progression';
import { linkOf, readLink } from './link';
import { perform, placeOf, type Performance } from './performance';
import { kept, pieceOf, pieceOfMelody, primerOf, type Piece } from './piece';
import { type Model, fetched, loadModel, startRuntime } from './model/litert';
import type { Request } from './model/request';
import { Sampler } from './model/walk';
import { AskedTooMuch, Writer, type WrittenEnding } from './model/writer';
import { keyText, noteName } from './names';
import { Settings, freshSeed } from './settings';
import { drawSheet, followSheet } from './sheet';
import { Player } from './sound';
import { LANGUAGES, formatNumber, language, preferredLanguage, setLanguage, t, type Language, type TextKey } from './texts';
import type { Melody } from './types';
import { h } from './ui/dom';
import { NextEvent } from './ui/next_event';
import { Roll, barName, notesOf } from './ui/roll';

/** How many steps are written ahead of what sounds, while a tune is written as it plays. */
const LEAD = 6;
const NO_EVENT = -2;
const WARM_STEPS = 48;
const PAINT_MILLISECONDS = 60;
const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', es: 'Español' };

interface Loaded {
  model: Model;
  sampler: Sampler;
}

/** A tune as it is written and as it is played, for tests. */
interface Written {
  melody: Melody;
  endings: WrittenEnding[];
  played: number[];
}

/** What undoing goes back to. */
interface Moment {
  piece: Piece | null;
  beginning: Melody | null;
}

export class App {
  private readonly settings = new Settings((changed) => this.settingsChanged(changed));
  private readonly player = new Player();
  private readonly roll = new Roll((bar) => this.hold(bar), (step) => this.moveTo(step));
  private readonly next = new NextEvent();
  private readonly keyboard: Keyboard;
  private readonly beginning: Beginning;
  private readonly models = new Map<string, Promise<Loaded>>();
  private loaded: Loaded | undefined;
  private piece: Piece | null = null;
  private past: Moment[] = [];
  private future: Moment[] = [];
  private readonly held = new Set<number>();
  private position = 0;
  private run = 0;
  /** Goes on with what waits for the sound. */
  private wake: () => void = () => {};
  private distributing = false;
  /** What plays, or played last. */
  private performed: Performance | null = null;

  private readonly modelMenu = h('select', { id: 'model' });
  private readonly languageMenu = h('select', { id: 'language' });
  private readonly status = h('p', { class: 'status', role: 'status' });
  private readonly summary = h('p', { class: 'summary' });
  private readonly sheet = h('div', { class: 'sheet' });
  private readonly slider = h('input', { id: 'position', type: 'range', min: 0, max: 0, value: 0 });
  private readonly shared = h('div', { class: 'shared' });
  private readonly buttons = {
    generate: this.button('generate', () => void this.generate()),
    live: this.button('generate.live', () => void this.generate(true)),
    play: this.button('play', () => this.togglePlay()),
    anew: this.button('anew', () => void this.anew()),
    undo: this.button('undo', () => this.undo()),
    redo: this.button('redo', () => this.redo()),
    mid: this.button('save.mid', () => this.save('mid')),
    abc: this.button('save.abc', () => this.save('abc')),
    musicxml: this.button('save.musicxml', () => this.save('musicxml')),
    share: this.button('share', () => void this.share()),
  };
  private readonly repeats = h('input', { id: 'repeats', type: 'checkbox', checked: true });
  private readonly along = h('input', { id: 'along', type: 'checkbox', checked: true });
  private readonly metronome = h('input', { id: 'metronome', type: 'checkbox' });

  constructor(private readonly root: HTMLElement) {
    setLanguage(preferredLanguage());
    this.beginning = new Beginning({
      player: this.player,
      tempo: () => this.settings.qpm || undefined,
      meter: () => this.settings.meter.value || '4/4',
      onChange: (melody, before) => this.begin(melody, before),
      onCall: (melody, bars) => this.answer(melody, bars),
      beforeCall: () => this.stop(),
    });
    this.keyboard = new Keyboard((pitch, isDown, time) => this.beginning.note(pitch, isDown, time));
    this.modelMenu.addEventListener('change', () => void this.choose(this.modelMenu.value));
    this.languageMenu.addEventListener('change', () => this.speak(this.languageMenu.value as Language));
    this.slider.addEventListener('input', () => this.moveTo(Number(this.slider.value)));
    new ResizeObserver(() => this.drawRoll()).observe(this.roll.element);
    this.acceptFiles();
    this.write();
  }

  /** Loads the models' names, and the first model or the one of the address. */
  async start(): Promise<void> {
    if (typeof WebAssembly === 'undefined') return this.say(t('no.wasm'));
    // What goes wrong with it is told when a model needs it.
    startRuntime().catch(() => undefined);
    const catalogue = (await (await fetched('models/catalogue.json')).json()) as { name: string; headline: string }[];
    this.modelMenu.replaceChildren(...catalogue.map(({ name, headline }) => h('option', { value: name, title: headline }, name)));
    const names = catalogue.map(({ name }) => name);
    window.addEventListener('hashchange', () => void this.openAddress(names));
    await this.openAddress(names);
    return undefined;
  }

  /** Opens the tune of the address, if it has one. */
  private async openAddress(names: string[]): Promise<void> {
    const asked = location.hash.length > 1 ? readLink(location.hash) : undefined;
    const isHere = asked ? names.includes(asked.model) : false;
    if (asked && isHere) this.modelMenu.value = asked.model;
    await this.choose(this.modelMenu.value);
    if (asked === null) this.say(t('link.wrong'));
    else if (asked && !isHere) this.say(t('link.model', { name: asked.model }));
    else if (asked) await this.open(asked);
  }

  /** Writes a tune and returns its events; for tests, and whoever is curious. */
  async events(request: Request): Promise<number[]> {
    const { model, sampler } = await this.ready(request.model);
    const writer = new Writer(model, sampler, request);
    for await (const _ of writer.write());
    return writer.events;
  }

  /** Writes a tune with its endings, and returns it in all forms. */
  async tune(request: Request): Promise<Written> {
    const { model, sampler } = await this.ready(request.model);
    const writer = new Writer(model, sampler, request);
    for await (const _ of writer.write());
    for await (const _ of writer.writeEndings());
    const { melody, passages, endings } = pieceOf(writer);
    return {
      endings: [...endings],
      played: perform(melody, passages, endings).melody.events,
      melody,
    };
  }

  // Words

  private write(): void {
    document.title = `melody_rnn: ${t('title')}`;
    const field = (id: string, label: string, control: HTMLElement) =>
      h('div', { class: 'field' }, h('label', { for: id }, label), control);
    const box = (control: HTMLInputElement, label: string) => h('label', { class: 'box' }, control, label);
    const section = (name: string, title: string, ...children: (Node | undefined)[]) =>
      h('section', { class: name, 'aria-labelledby': `${name}-title` }, h('h2', { id: `${name}-title` }, title), ...children);
    this.languageMenu.replaceChildren(...LANGUAGES.map((own) => h('option', { value: own, lang: own }, LANGUAGE_NAMES[own])));
    this.languageMenu.value = language();
    for (const button of Object.values(this.buttons)) button.textContent = t(button.dataset.text as TextKey);
    this.buttons.generate.className = 'primary';
    this.buttons.live.title = t('generate.live.help');
    this.buttons.anew.title = t('anew.help');
    this.settings.write();
    this.beginning.write();
    const { generate, live, play, anew, undo, redo, mid, abc, musicxml, share } = this.buttons;
    this.root.replaceChildren(
      h(
        'header',
        {},
        h('div', {}, h('h1', {}, t('title')), h('p', {}, t('lead'))),
        field('language', t('language'), this.languageMenu),
      ),
      h(
        'div',
        { class: 'columns' },
        section('asked', t('settings'), field('model', t('model'), this.modelMenu), this.settings.element),
        h(
          'div',
          { class: 'music' },
          h('div', { class: 'actions' }, generate, live, play, undo, redo),
          this.status,
          section(
            'tune',
            t('tune'),
            this.summary,
            this.roll.element,
            field('position', t('position'), this.slider),
            h('p', { class: 'hint' }, t('legend')),
            h('div', { class: 'actions' }, anew, box(this.repeats, t('repeats')), box(this.along, t('chords.play')), box(this.metronome, t('metronome'))),
            h('p', { class: 'hint' }, t('anew.help')),
          ),
          section('distribution', t('next'), this.next.element),
          section('score', t('sheet'), this.sheet),
        ),
      ),
      section('begin', t('beginning'), this.beginning.element, this.keyboard.element, this.fileField()),
      section('respond', t('answer'), this.beginning.callElement),
      section('keep', t('save'), h('div', { class: 'actions' }, mid, abc, musicxml, share), this.shared),
      h('footer', {}, h('a', { href: 'licences.txt' }, t('licences'))),
    );
    this.draw();
  }

  private fileField(): HTMLElement {
    const input = h('input', { id: 'file', type: 'file', accept: ACCEPT });
    input.addEventListener('change', () => {
      if (input.files?.[0]) void this.read(input.files[0]);
    });
    return h('div', { class: 'field' }, h('label', { for: 'file' }, t('file')), input, h('p', { class: 'hint' }, t('file.drop')));
  }

  private button(text: TextKey, onclick: () => void): HTMLButtonElement {
    return h('button', { type: 'button', 'data-text': text, onclick });
  }

  private speak(chosen: Language): void {
    setLanguage(chosen);
    this.say('');
    this.keyboard.write();
    this.write();
    this.languageMenu.focus();
  }

  private say(text: string): void {
    this.status.textContent = text;
  }

  private fail(error: unknown): void {
    console.error(error);
    this.say(t('failed', { why: error instanceof Error ? error.message : String(error) }));
  }

  // Models

  private ready(name: string): Promise<Loaded> {
    const known = this.models.get(name) ?? loadModel(name).then((model) => ({ model, sampler: new Sampler(model) }));
    this.models.set(name, known);
    known.catch(() => this.models.delete(name));
    return known;
  }

  private async choose(name: string): Promise<void> {
    this.say(t('model.loading', { name }));
    try {
      const loaded = await this.ready(name);
      if (this.modelMenu.value !== name) return;
      this.loaded = loaded;
      this.offer();
      this.say(t('model.ready', { name }));
      // A browser makes code fast that has run for a while: better now than at the first click.
      await this.events({ model: name, seed: 0, temperatures: [[0, 1]], topP: 1, stop: WARM_STEPS });
    } catch (error) {
      console.error(error);
      this.say(t('model.failed', { name, why: error instanceof Error ? error.message : String(error) }));
    }
    this.enable();
  }

  private offer(): void {
    if (!this.loaded) return;
    const { knowledge, bank } = this.loaded.model;
    this.settings.of(knowledge, bank, this.beginning.melody);
  }

  // Writing

  private async generate(isLive = false): Promise<void> {
    const name = this.modelMenu.value;
    const asked = this.settings.request(name);
    if (!asked) return;
    const melody = this.beginning.melody;
    const request = melody ? { ...asked, meter: undefined, primer: primerOf(melody) } : asked;
    await this.writeTune(request, isLive ? 'live' : 'play');
  }

  /** Writes the bars that are not held anew. */
  private async anew(): Promise<void> {
    const { piece } = this;
    const asked = this.settings.request(this.modelMenu.value);
    if (!piece?.request || !asked) return;
    const { temperatures, topP, qpm } = asked;
    const keep = kept(piece.melody, this.held);
    await this.writeTune({ ...piece.request, seed: freshSeed(), temperatures, topP, qpm, keep }, 'play', true);
  }

  private async open(request: Request): Promise<void> {
    this.beginning.set(null);
    if (request.primer) {
      const { events, meter, pickupSteps, qpm, key } = request.primer;
      const own = this.loaded?.model.knowledge.meters.find(({ text }) => text === meter);
      if (!own) return this.say(t('link.wrong'));
      const melody = { events, meter: own.numbers, stepsPerBar: own.stepsPerBar, pickupSteps, quartersPerMinute: qpm, key };
      this.beginning.set(melody);
    }
    this.offer();
    this.settings.set(request);
    await this.writeTune(request, 'show');
  }

  /** Writes a tune; what is there stays until the first events are. */
  private async writeTune(request: Request, then: 'play' | 'live' | 'show' | 'answer', keepsHeld = false): Promise<void> {
    const run = this.stop();
    const started = performance.now();
    try {
      // The sound gets ready while the first events are written.
      const sound = then === 'show' ? undefined : this.loadSound();
      const { model, sampler } = await this.ready(request.model);
      const writer = new Writer(model, sampler, request);
      this.remember();
      if (!keepsHeld) this.held.clear();
      if (then === 'live') await this.writeLive(writer, run);
      else await this.pace(writer.write(), () => run === this.run);
      if (run !== this.run || then === 'live') return;
      this.show(pieceOf(writer));
      const seconds = formatNumber((performance.now() - started) / 1000, 2);
      this.say(t('tune.written', { seconds, seed: String(request.seed) }));
      await sound;
      if (then === 'play' && run === this.run) this.play(0);
      if (then === 'answer' && run === this.run) this.play(request.primer?.events.length ?? 0);
      await this.finish(writer);
    } catch (error) {
      if (error instanceof ChordError) this.settings.tellOfChords(error.message);
      else if (error instanceof AskedTooMuch) this.settings.tell(t(`ask.${error.reason}`));
      else this.fail(error);
    } finally {
      this.enable();
    }
  }

  /** Goes through steps, and lets the page paint in between, as long as they are wanted. */
  private async pace(steps: AsyncGenerator<unknown>, areWanted: () => boolean): Promise<void> {
    let painted = performance.now();
    for await (const _ of steps) {
      if (performance.now() - painted < PAINT_MILLISECONDS) continue;
      await new Promise((resolve) => setTimeout(resolve));
      if (!areWanted()) return;
      painted = performance.now();
    }
  }

  /** Writes the endings of the tune that is shown, before they sound. */
  private async finish(writer: Writer): Promise<void> {
    const { piece } = this;
    await this.pace(writer.writeEndings(), () => true);
    if (!piece || this.piece !== piece || !writer.endings.length) return;
    this.piece = pieceOf(writer);
    void drawSheet(this.sheet, this.piece.melody);
    if (!this.performed) return;
    this.performed = this.performance();
    if (this.performed) this.player.exchange(this.performed.melody.events, this.playedAlong(this.performed.melody));
  }

  /** Writes a tune just ahead of what sounds; the temperature is that of the moment. */
  private async writeLive(writer: Writer, run: number): Promise<void> {
    let heard = 0;
    let isPlaying = false;
    this.performed = null;
    const onStep = (step: number) => {
      heard = step;
      this.at(step, true);
      this.wake();
    };
    for await (const step of writer.write()) {
      if (run !== this.run) break;
      this.show(pieceOf(writer), false);
      if (isPlaying) this.player.append(step.event);
      else {
        isPlaying = true;
        const onEnd = () => this.enable();
        const silence = new Array<number>(writer.frame.numSteps).fill(NO_EVENT);
        const accompaniment = this.playedAlong({ ...writer.melody, events: silence });
        this.player.play(writer.melody, { onStep, onEnd, metronome: this.metronome.checked, accompaniment, isOpen: true });
        this.enable();
      }
      while (isPlaying && run === this.run && this.player.isPlaying && writer.events.length - heard > LEAD) {
        await new Promise<void>((resolve) => (this.wake = resolve));
      }
      if (isPlaying && !this.player.isPlaying) break;
      writer.steer(this.settings.values.temperature);
    }
    this.player.finish();
    this.show(pieceOf(writer));
    await this.finish(writer);
  }

  private async answer(call: Melody, bars: number): Promise<void> {
    const asked = this.settings.request(this.modelMenu.value);
    if (!asked) return;
    this.say(t('answer.think'));
    const primer = primerOf(call);
    await this.writeTune({ ...asked, meter: undefined, hasForm: undefined, primer, bars: 2 * bars }, 'answer');
  }

  // What is shown

  private get moment(): Moment {
    return { piece: this.piece, beginning: this.beginning.melody };
  }

  private remember(moment = this.moment): void {
    this.past.push(moment);
    this.future = [];
  }

  private undo(): void {
    this.swap(this.past, this.future);
  }

  private redo(): void {
    this.swap(this.future, this.past);
  }

  private swap(from: Moment[], to: Moment[]): void {
    const moment = from.pop();
    if (!moment) return;
    this.stop();
    this.say('');
    to.push(this.moment);
    this.piece = moment.piece;
    this.beginning.set(moment.beginning);
    this.offer();
    this.held.clear();
    this.position = 0;
    this.draw();
  }

  private show(piece: Piece, isWhole = true): void {
    this.piece = piece;
    if (isWhole) {
      this.position = 0;
      this.draw();
      if (piece.request) history.replaceState(null, '', linkOf(piece.request));
    } else this.drawRoll();
  }

  private begin(melody: Melody | null, before: Melody | null): void {
    this.stop();
    this.remember({ piece: this.piece, beginning: before });
    this.offer();
    this.held.clear();
    this.piece = melody ? pieceOfMelody(melody) : null;
    this.position = 0;
    this.say('');
    this.draw();
  }

  private hold(bar: number): void {
    if (this.held.has(bar)) this.held.delete(bar);
    else this.held.add(bar);
    this.drawRoll();
    this.enable();
  }

  private draw(): void {
    this.drawRoll();
    this.summary.textContent = this.piece ? summaryOf(this.piece.melody) : t('tune.none');
    this.sheet.replaceChildren();
    this.shared.replaceChildren();
    if (this.piece) void drawSheet(this.sheet, this.piece.melody);
    this.at(this.position, false);
    this.enable();
  }

  private drawRoll(): void {
    const { piece } = this;
    if (!piece) {
      this.roll.element.replaceChildren();
      return;
    }
    const chances = piece.steps.map((step) => step?.chance);
    this.roll.draw(piece.melody, chances, this.held, summaryOf(piece.melody));
    this.slider.max = String(piece.melody.events.length - 1);
    if (!this.player.isPlaying) this.roll.show(this.position, false);
  }

  private enable(): void {
    const { buttons, piece } = this;
    const isWritten = Boolean(piece?.request);
    buttons.generate.disabled = buttons.live.disabled = !this.loaded;
    buttons.play.disabled = !piece;
    buttons.play.textContent = t(this.player.isPlaying ? 'stop' : 'play');
    buttons.play.dataset.text = this.player.isPlaying ? 'stop' : 'play';
    buttons.anew.disabled = !isWritten || this.held.size === 0;
    buttons.undo.disabled = this.past.length === 0;
    buttons.redo.disabled = this.future.length === 0;
    for (const name of ['mid', 'abc', 'musicxml'] as const) buttons[name].disabled = !piece;
    buttons.share.disabled = !isWritten;
    this.slider.disabled = !piece;
    this.repeats.disabled = !piece?.passages.length;
    this.along.disabled = !piece?.melody.chords?.length;
  }

  private moveTo(step: number): void {
    const wasPlaying = this.player.isPlaying;
    this.stop();
    this.at(step, false);
    if (wasPlaying) this.play(step);
  }

  /** Shows a step of the written tune, and what could have come there; `written` may be a step of an ending. */
  private at(step: number, isPlaying: boolean, written = step): void {
    const { piece } = this;
    this.position = step;
    if (!piece) return this.next.empty(t('next.empty'));
    const { stepsPerBar, pickupSteps } = piece.melody;
    this.slider.value = String(step);
    const bar = barName(Math.floor(step / stepsPerBar), pickupSteps);
    this.slider.setAttribute('aria-valuetext', t('position.value', { bar, step: (step % stepsPerBar) + 1 }));
    this.roll.show(step, isPlaying);
    if (isPlaying) followSheet(written, step);
    void this.distribute();
    return undefined;
  }

  private settingsChanged(changed: 'temperature' | 'other'): void {
    if (changed === 'temperature') void this.distribute();
    this.settings.tell('');
  }

  /** Shows the distribution of the step where the tune is, at the temperature of the moment. */
  private async distribute(): Promise<void> {
    const { piece, position, settings } = this;
    const step = piece?.steps[position];
    if (!piece?.request || !step) return this.next.empty(t(piece ? 'next.none' : 'next.empty'));
    // One at a time; whoever comes meanwhile is shown when it is done.
    if (this.distributing) return undefined;
    this.distributing = true;
    try {
      const { model, sampler } = await this.ready(piece.request.model);
      const { values } = settings;
      const played = await sampler.distribution(step.said, values);
      const sounding = (event: number) => (event < 0 ? event : event - piece.transposition);
      const { minNote, maxNote } = model.knowledge;
      const pitches = Array.from({ length: maxNote - minNote }, (_, place) => sounding(minNote + place));
      const distribution = new Map([...played].map(([event, chance]) => [sounding(event), chance]));
      this.next.show(distribution, [-2, -1, ...pitches], step.event, values.temperature);
      this.distributing = false;
      const hasMoved = position !== this.position || values.temperature !== settings.values.temperature;
      if (hasMoved || values.topP !== settings.values.topP) await this.distribute();
    } finally {
      this.distributing = false;
    }
    return undefined;
  }

  // Sound

  private async loadSound(): Promise<void> {
    try {
      await this.player.load();
    } catch (error) {
      this.say(t('sound.failed', { why: error instanceof Error ? error.message : String(error) }));
    }
  }

  /** Ends what plays and what is written; returns the number of what comes next. */
  private stop(): number {
    this.player.stop();
    this.run++;
    this.wake();
    this.enable();
    return this.run;
  }

  private togglePlay(): void {
    if (this.player.isPlaying) {
      this.stop();
      return;
    }
    const isAtEnd = this.position >= (this.piece?.melody.events.length ?? 0) - 1;
    void this.loadSound().then(() => this.play(isAtEnd ? 0 : this.position));
  }

  /** Returns what is played along with a melody, if it is wanted. */
  private playedAlong(melody: Melody): AccompanyingNote[] {
    if (!this.along.checked) return [];
    const { chords, bass } = accompany(melody);
    return [...chords, ...bass];
  }

  private performance(): Performance | null {
    const { piece } = this;
    if (!piece) return null;
    const { qpm } = this.settings;
    const melody = qpm ? { ...piece.melody, quartersPerMinute: qpm } : piece.melody;
    return perform(melody, this.repeats.checked ? piece.passages : [], piece.endings);
  }

  private play(from: number): void {
    const performed = (this.performed = this.performance());
    if (!performed) return;
    const { melody, steps } = performed;
    // The silence before a pickup is not waited for.
    const opening = melody.events.findIndex((event) => event >= 0);
    const first = Math.max(0, opening, steps.indexOf(from));
    this.player.play(melody, {
      from: first,
      metronome: this.metronome.checked,
      accompaniment: this.playedAlong(melody),
      onStep: (step) => {
        const { piece } = this;
        const written = steps[step];
        if (piece && written >= 0) this.at(placeOf(written, piece.melody.events.length, piece.endings), true, written);
      },
      onEnd: () => {
        this.position = 0;
        this.enable();
      },
    });
    this.enable();
  }

  // Files and links

  private acceptFiles(): void {
    document.addEventListener('dragover', (event) => event.preventDefault());
    document.addEventListener('drop', (event) => {
      event.preventDefault();
      const file = event.dataTransfer?.files[0];
      if (file) void this.read(file);
    });
  }

  private async read(file: File): Promise<void> {
    try {
      this.beginning.change(await readFile(file));
    } catch (error) {
      if (error instanceof FileError) this.beginning.tell(error.message);
      else this.fail(error);
    }
  }

  private save(kind: 'mid' | 'abc' | 'musicxml'): void {
    const { piece } = this;
    const performed = this.performance();
    if (!piece || !performed) return;
    const written = { ...piece.melody, quartersPerMinute: performed.melody.quartersPerMinute };
    const title = written.title ?? `${piece.request?.model ?? 'melody'} ${piece.request?.seed ?? ''}`.trim();
    const content = {
      mid: () => toMidi({ ...performed.melody, title }, this.along.checked ? accompany(performed.melody) : undefined),
      abc: () => toAbc({ ...written, title }),
      musicxml: () => toMusicXml({ ...written, title }),
    }[kind]();
    const address = URL.createObjectURL(new Blob([content as BlobPart]));
    const link = h('a', { href: address, download: `${title.replace(/[^\p{L}\p{N}_-]+/gu, '_')}.${kind}` });
    link.click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  private async share(): Promise<void> {
    const request = this.piece?.request;
    if (!request) return;
    const address = new URL(linkOf(request), location.href).href;
    try {
      await navigator.clipboard.writeText(address);
      this.shared.replaceChildren(h('p', { role: 'status' }, t('share.done')));
    } catch {
      const box = h('input', { readonly: true, value: address, 'aria-label': t('share') });
      this.shared.replaceChildren(h('p', { role: 'status' }, t('share.byHand')), box);
      box.select();
    }
  }
}

function summaryOf(melody: Melody): string {
  const { events, stepsPerBar, meter, key } = melody;
  const pitches = notesOf(events).map(({ pitch }) => pitch);
  if (!pitches.length) return t('tune.none');
  return t('tune.summary', {
    notes: pitches.length,
    bars: Math.ceil(events.length / stepsPerBar),
    meter: meter.join('/'),
    key: key ? keyText(key) : '–',
    low: noteName(Math.min(...pitches)),
    high: noteName(Math.max(...pitches)),
  });
}
