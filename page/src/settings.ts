/** The settings beside the tune: what is asked for, read from their controls. */
import type { Bank, Knowledge } from './model/knowledge';
import { keyText } from './names';
import { MAX_SEED, type Request } from './model/request';
import { formatNumber, parseNumber, t } from './texts';
import { h } from './ui/dom';

const STREAM_BARS = [1, 2, 4, 6, 8, 12, 16, 24, 32];
const MIN_TEMPO = 20;
const MAX_TEMPO = 400;

export class Settings {
  readonly key = h('select', { id: 'key' });
  readonly meter = h('select', { id: 'meter' });
  readonly bars = h('select', { id: 'bars' });
  readonly temperature = h('input', { id: 'temperature', type: 'range', min: 0, max: 2, step: 0.05, value: 1 });
  readonly topP = h('input', { id: 'topP', type: 'range', min: 0.05, max: 1, step: 0.05, value: 1 });
  readonly seed = h('input', { id: 'seed', inputmode: 'numeric', autocomplete: 'off', size: 12 });
  readonly tempo = h('input', { id: 'tempo', inputmode: 'decimal', autocomplete: 'off', size: 6 });
  private readonly temperatureNow = h('output', { for: 'temperature' });
  private readonly topPNow = h('output', { for: 'topP' });
  readonly problems = {
    bars: h('p', { class: 'problem', id: 'bars-problem', role: 'alert' }),
    seed: h('p', { class: 'problem', id: 'seed-problem', role: 'alert' }),
    tempo: h('p', { class: 'problem', id: 'tempo-problem', role: 'alert' }),
  };
  readonly element: HTMLElement;
  private knowledge: Knowledge | undefined;
  private bank: Bank | null = null;

  private readonly more = h('details', { open: matchMedia('(min-width: 48.01rem)').matches });

  constructor(private readonly onChange: (changed: 'temperature' | 'other') => void) {
    this.element = h('div', { class: 'settings' });
    this.temperature.addEventListener('input', () => this.changed('temperature'));
    this.topP.addEventListener('input', () => this.changed('temperature'));
    for (const control of [this.key, this.meter, this.bars]) {
      control.addEventListener('change', () => {
        this.offer();
        this.changed('other');
      });
    }
    for (const name of ['bars', 'seed', 'tempo'] as const) this[name].setAttribute('aria-describedby', `${name}-problem`);
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
    this.element.replaceChildren(
      field('temperature', t('temperature'), this.temperature, this.temperatureNow, hint(t('temperature.help'))),
      this.more,
    );
    this.offer();
    this.show();
  }

  /** Offers what a model can write; a beginning brings its own meter, and is gone on with as a stream. */
  of(knowledge: Knowledge, bank: Bank | null, primerMeter: string | undefined): void {
    this.knowledge = knowledge;
    this.bank = knowledge.knowsForm && primerMeter === undefined ? bank : null;
    this.meter.disabled = primerMeter !== undefined;
    this.offer(primerMeter);
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
    return {
      model,
      seed,
      temperatures: [[0, this.values.temperature]],
      topP: this.values.topP,
      key: this.key.value || undefined,
      meter: this.meter.value || undefined,
      bars: this.bars.value ? Number(this.bars.value) : undefined,
      qpm,
    };
  }

  /** Puts a request into the controls. */
  set(request: Request): void {
    const [, temperature] = request.temperatures[request.temperatures.length - 1];
    this.temperature.value = String(temperature);
    this.topP.value = String(request.topP);
    this.key.value = request.key ?? '';
    this.meter.value = request.meter ?? '';
    this.offer(request.primer?.meter);
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

  private changed(what: 'temperature' | 'other'): void {
    this.show();
    this.onChange(what);
  }

  private show(): void {
    this.temperatureNow.value = formatNumber(this.values.temperature, 2);
    this.topPNow.value = formatNumber(this.values.topP, 2);
  }

  /** Fills the choices; of whole tunes with what the training tunes have. */
  private offer(primerMeter?: string): void {
    if (!this.knowledge) return;
    const { keys, meters } = this.knowledge;
    fill(this.key, [['', t('any')], ...keys.map(({ name }) => [name, keyText(name)] as const)]);
    const key = keys.find(({ name }) => name === this.key.value);
    if (!this.bank) {
      fill(this.meter, meters.map(({ text }) => [text, text] as const), primerMeter ?? '4/4');
      fill(this.bars, STREAM_BARS.map((bars) => [String(bars), String(bars)] as const), '8');
      return;
    }
    const { bank } = this;
    const has = (meter?: string) => bank.fitting({ key, meter });
    const known = meters.filter(({ text }) => has(text).length > 0);
    fill(this.meter, [['', t('any')], ...known.map(({ text }) => [text, text] as const)]);
    const fitting = has(this.meter.value || undefined).filter((place) => !bank.outlines[place].hasJump);
    const lengths = [...new Set(fitting.map((place) => bank.outlines[place].bars))].sort((left, right) => left - right);
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
