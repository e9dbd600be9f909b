/** The settings beside the tune: what is asked for, read from their controls. */
import { keyOfChords } from './chords/hearing';
import { ChordError, parseProgression, type Ground, type Progression } from './chords/progression';
import { parseKey, tonicOf } from './files/keys';
import type { Bank, Knowledge } from './model/knowledge';
import { keyText } from './names';
import { MAX_SEED, type Request } from './model/request';
import { formatNumber, parseNumber, t } from './texts';
import type { Melody } from './types';
import { h } from './ui/dom';

const STREAM_BARS = [1, 2, 4, 6, 8, 12, 16, 24, 32];
const MIN_TEMPO = 20;
const MAX_TEMPO = 400;

export class Settings {
  readonly key = h('select', { id: 'key' });
  readonly meter = h('select', { id: 'meter' });
  readonly bars = h('select', { id: 'bars' });
  /** Whether a beginning is made a whole tune. */
  readonly whole = h('input', { id: 'whole', type: 'checkbox', checked: true, 'aria-describedby': 'whole-problem' });
  readonly temperature = h('input', { id: 'temperature', type: 'range', min: 0, max: 2, step: 0.05, value: 1 });
  readonly topP = h('input', { id: 'topP', type: 'range', min: 0.05, max: 1, step: 0.05, value: 1 });
  readonly seed = h('input', { id: 'seed', inputmode: 'numeric', autocomplete: 'off', size: 12 });
  readonly tempo = h('input', { id: 'tempo', inputmode: 'decimal', autocomplete: 'off', size: 6 });
  readonly chords = h('input', { id: 'chords', autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false' });
  private readonly temperatureNow = h('output', { for: 'temperature' });
  private readonly topPNow = h('output', { for: 'topP' });
  private readonly wholeField = h('div', { hidden: true });
  readonly problems = {
    whole: h('p', { class: 'hint', id: 'whole-problem' }),
    bars: h('p', { class: 'problem', id: 'bars-problem', role: 'alert' }),
    seed: h('p', { class: 'problem', id: 'seed-problem', role: 'alert' }),
    tempo: h('p', { class: 'problem', id: 'tempo-problem', role: 'alert' }),
    chords: h('p', { class: 'problem', id: 'chords-problem', role: 'alert' }),
  };
  readonly element: HTMLElement;
  private knowledge: Knowledge | undefined;
  private bank: Bank | null = null;
  private beginning: Melody | null = null;
  private readonly hearing = h('p', { class: 'hint' });
  private readonly more = h('details', { open: matchMedia('(min-width: 48.01rem)').matches });

  constructor(private readonly onChange: (changed: 'temperature' | 'other') => void) {
    this.element = h('div', { class: 'settings' });
    this.temperature.addEventListener('input', () => this.changed('temperature'));
    this.topP.addEventListener('input', () => this.changed('temperature'));
    for (const control of [this.key, this.meter, this.bars, this.whole, this.chords]) {
      control.addEventListener('change', () => {
        this.offer();
        this.changed('other');
      });
    }
    for (const name of ['bars', 'seed', 'tempo', 'chords'] as const) this[name].setAttribute('aria-describedby', `${name}-problem`);
    this.write();
  }

  /** Writes all words anew, in the page's language. */
  write(): void {
    const field = (id: string, label: string, control: HTMLElement, ...more: HTMLElement[]) =>
      h('div', { class: 'field' }, h('label', { for: id }, label), control, ...more);
    const hint = (text: string) => h('p', { class: 'hint' }, text);
    this.more.replaceChildren(
      h('summary', {}, t('settings.more')),
      field('key', t('key'), this.key),
      field('meter', t('meter'), this.meter),
      field('bars', t('length'), this.bars, hint(t('length.help')), this.problems.bars),
      field('tempo', t('tempo'), this.tempo, this.problems.tempo),
      field('topP', t('topP'), this.topP, this.topPNow, hint(t('topP.help'))),
      field('seed', t('seed'), this.seed, hint(t('seed.help')), this.problems.seed),
    );
    this.wholeField.replaceChildren(h('label', { class: 'box' }, this.whole, t('whole')), this.problems.whole);
    this.element.replaceChildren(
      this.wholeField,
      field('temperature', t('temperature'), this.temperature, this.temperatureNow, hint(t('temperature.help'))),
      field('chords', t('chords'), this.chords, hint(t('chords.help')), this.hearing, this.problems.chords),
      this.more,
    );
    this.offer();
    this.show();
  }

  /** Offers what a model can write; a beginning brings its own meter. */
  of(knowledge: Knowledge, bank: Bank | null, beginning: Melody | null): void {
    [this.knowledge, this.bank, this.beginning] = [knowledge, bank, beginning];
    this.meter.disabled = beginning !== null;
    this.offer();
  }

  get values(): { temperature: number; topP: number } {
    return { temperature: Number(this.temperature.value), topP: Number(this.topP.value) };
  }

  /** Returns the tempo that is asked for, or undefined for what is usual; NaN if what stands there is none. */
  get qpm(): number | undefined {
    const qpm = this.tempo.value.trim() === '' ? undefined : parseNumber(this.tempo.value);
    const isWell = qpm === undefined || (qpm >= MIN_TEMPO && qpm <= MAX_TEMPO);
    this.problems.tempo.textContent = isWell ? '' : t('tempo.wrong');
    return isWell ? qpm : NaN;
  }

  /** Returns what the controls ask for; null, with a sentence beside the control, if one of them cannot be read. */
  request(model: string): Request | null {
    const typed = this.seed.value.trim();
    const seed = typed === '' ? freshSeed() : Number(typed);
    const isSeed = Number.isInteger(seed) && seed >= 0 && seed <= MAX_SEED;
    this.problems.seed.textContent = isSeed ? '' : t('seed.wrong', { most: MAX_SEED });
    this.problems.bars.textContent = '';
    const { qpm } = this;
    if (!isSeed || Number.isNaN(qpm)) {
      this.more.open = true;
      return null;
    }
    if (this.progression() === null) return null;
    return {
      model,
      seed,
      temperatures: [[0, this.values.temperature]],
      topP: this.values.topP,
      key: this.key.value || undefined,
      meter: this.meter.value || undefined,
      bars: this.bars.value ? Number(this.bars.value) : undefined,
      qpm,
      chords: this.chords.value.trim() || undefined,
      hasForm: (this.beginning && this.writesWhole) || undefined,
    };
  }

  /** Puts a request into the controls. */
  set(request: Request): void {
    const [, temperature] = request.temperatures[request.temperatures.length - 1];
    this.temperature.value = String(temperature);
    this.topP.value = String(request.topP);
    this.key.value = request.key ?? '';
    this.meter.value = request.meter ?? '';
    this.chords.value = request.chords ?? '';
    if (request.primer) this.whole.checked = Boolean(request.hasForm);
    this.offer();
    this.bars.value = request.bars === undefined ? '' : String(request.bars);
    this.tempo.value = request.qpm === undefined ? '' : String(request.qpm);
    this.seed.value = String(request.seed);
    this.show();
  }

  /** Says beside the length what cannot be had; nothing where all can be. */
  tell(text: string): void {
    this.problems.bars.textContent = text;
    if (text) this.more.open = true;
  }

  /** Says beside the chords what is wrong with them. */
  tellOfChords(text: string): void {
    this.problems.chords.textContent = text;
  }

  /** Returns the chords; undefined where there are none, null, with a sentence beside the control, if they are wrong. */
  private progression(): Progression | undefined | null {
    this.tellOfChords('');
    const text = this.chords.value.trim();
    if (!text) return undefined;
    try {
      return parseProgression(text);
    } catch (error) {
      if (!(error instanceof ChordError)) throw error;
      this.tellOfChords(error.message);
      return null;
    }
  }

  private changed(what: 'temperature' | 'other'): void {
    this.show();
    this.onChange(what);
  }

  private show(): void {
    this.temperatureNow.value = formatNumber(this.values.temperature, 2);
    this.topPNow.value = formatNumber(this.values.topP, 2);
  }

  /** Whether a whole tune is written, of which the training tunes say the form. */
  private get writesWhole(): boolean {
    return Boolean(this.knowledge?.knowsForm) && (!this.beginning || (this.whole.checked && !this.whole.disabled));
  }

  /** Fills the choices; of whole tunes with what the training tunes have. */
  private offer(): void {
    if (!this.knowledge) return;
    const { keys, meters, knowsForm } = this.knowledge;
    const { bank, beginning } = this;
    fill(this.key, [['', t('any')], ...keys.map(({ name }) => [name, keyText(name)] as const)]);
    const ofBeginning = parseKey(beginning?.key);
    const progression = this.progression() ?? undefined;
    const ofChords = progression && !beginning ? keyOfChords(progression.shares(), keys) : undefined;
    const asked = keys.find(({ name }) => name === this.key.value);
    const key = asked ?? (ofBeginning && { tonic: tonicOf(ofBeginning), mode: ofBeginning.mode }) ?? ofChords;
    const fills = progression && ((ground: Ground) => progression.fits(ground));
    const { name, knowsChords } = this.knowledge;
    this.hearing.textContent = progression ? t(knowsChords ? 'chords.heard' : 'chords.weighed', { name }) : '';
    const begun = beginning && { meter: beginning.meter.join('/'), pickupSteps: beginning.pickupSteps };
    const has = (meter?: string) => bank?.fitting({ key, meter, fills, ...begun }) ?? [];
    this.wholeField.hidden = !knowsForm || !beginning;
    this.whole.disabled = has().length === 0;
    this.problems.whole.textContent = this.whole.disabled ? t('whole.none') : '';
    if (!bank || !this.writesWhole) {
      fill(this.meter, meters.map(({ text }) => [text, text] as const), begun?.meter ?? '4/4');
      fill(this.bars, STREAM_BARS.map((bars) => [String(bars), String(bars)] as const), '8');
      return;
    }
    const known = meters.filter(({ text }) => has(text).length > 0);
    fill(this.meter, [['', t('any')], ...known.map(({ text }) => [text, text] as const)], begun?.meter ?? '');
    const fitting = has(this.meter.value || undefined).map((place) => bank.outlines[place]);
    const longer = fitting.filter(({ jump, numSteps }) => !jump && numSteps > (beginning?.events.length ?? 0));
    const lengths = [...new Set(longer.map(({ bars }) => bars))].sort((left, right) => left - right);
    fill(this.bars, [['', t('any')], ...lengths.map((bars) => [String(bars), String(bars)] as const)]);
  }
}

export function freshSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0];
}

/** Fills a menu, and keeps what was chosen if it is still there. */
function fill(select: HTMLSelectElement, options: readonly (readonly [value: string, text: string])[], usual = ''): void {
  const chosen = select.value;
  select.replaceChildren(...options.map(([value, text]) => h('option', { value }, text)));
  const values = options.map(([value]) => value);
  select.value = select.disabled || !values.includes(chosen) ? usual : chosen;
}
