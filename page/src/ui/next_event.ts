/** The distribution of the next event as bars: softmax(z / T). */
import type { Distribution } from '../model/walk';
import { eventName, noteName } from '../names';
import { formatNumber, t } from '../texts';
import { h, svg } from './dom';

const HEIGHT = 120;
const FOOT = 16;
const NUM_NAMED = 5;
const WIDEST = 900;

export class NextEvent {
  private readonly picture = svg('svg', { role: 'img' });
  private readonly formula = h('p', { class: 'formula' });
  private readonly words = h('p', { class: 'hint' });
  readonly element = h('div', { class: 'next' }, this.formula, this.picture as unknown as Node, this.words);

  /** Says why there is nothing to show. */
  empty(text: string): void {
    this.picture.replaceChildren();
    this.picture.setAttribute('hidden', '');
    this.picture.setAttribute('aria-label', text);
    this.formula.textContent = '';
    this.words.textContent = text;
  }

  /**
   * Shows a distribution.
   *
   * @param distribution Of events as they sound.
   * @param events All that the model knows, as they sound, in their order.
   */
  show(distribution: Distribution, events: readonly number[], drawn: number, temperature: number): void {
    this.formula.textContent = t('next.formula', { temperature: formatNumber(temperature, 2) });
    const ranked = [...distribution].sort(([, left], [, right]) => right - left);
    const named = new Set(ranked.slice(0, NUM_NAMED).map(([event]) => event));
    const whole = Math.min(WIDEST, this.element.clientWidth || WIDEST);
    this.picture.removeAttribute('hidden');
    this.picture.setAttribute('viewBox', `0 0 ${whole} ${HEIGHT + FOOT}`);
    const width = whole / events.length;
    const bars = events.flatMap((event, place) => {
      const chance = distribution.get(event) ?? 0;
      const height = Math.max(chance * HEIGHT, chance > 0 ? 1 : 0);
      const kind = event === drawn ? 'bar drawn' : 'bar';
      const bar = svg(
        'rect',
        { class: kind, x: place * width + 0.5, y: HEIGHT - height, width: Math.max(1, width - 1), height, 'data-event': event },
        svg('title', {}, `${eventName(event)}: ${percent(chance)}`),
      );
      if (!named.has(event) || chance < 0.02) return [bar];
      const x = Math.min(whole - 14, Math.max(14, (place + 0.5) * width));
      return [bar, svg('text', { x, y: Math.max(10, HEIGHT - height - 3), class: 'value' }, shortName(event))];
    });
    const line = svg('line', { class: 'ground', x1: 0, x2: whole, y1: HEIGHT, y2: HEIGHT });
    this.picture.replaceChildren(...bars, line, ...this.foot(events, width));
    const list = ranked.slice(0, NUM_NAMED).map(([event, chance]) => `${eventName(event)} ${percent(chance)}`);
    this.words.textContent = t('next.likeliest', { list: list.join(', '), drawn: eventName(drawn) });
    this.picture.setAttribute('aria-label', this.words.textContent);
  }

  private foot(events: readonly number[], width: number): SVGElement[] {
    return events.flatMap((event, place) =>
      event >= 0 && event % 12 === 0
        ? [svg('text', { class: 'foot', x: (place + 0.5) * width, y: HEIGHT + 12 }, noteName(event))]
        : [],
    );
  }
}

function shortName(event: number): string {
  if (event === -2) return '–';
  return event === -1 ? '×' : noteName(event);
}

function percent(chance: number): string {
  return `${formatNumber(100 * chance, chance < 0.1 ? 1 : 0)} %`;
}
