/** The page's texts, in English and in Spanish. */
import { CHORD_TEXTS } from './texts_chords';
import { CORE_TEXTS } from './texts_core';
import { FILE_TEXTS } from './texts_files';
import { INPUT_TEXTS } from './texts_input';

const TEXTS = {
  en: { ...CORE_TEXTS.en, ...FILE_TEXTS.en, ...INPUT_TEXTS.en, ...CHORD_TEXTS.en },
  es: { ...CORE_TEXTS.es, ...FILE_TEXTS.es, ...INPUT_TEXTS.es, ...CHORD_TEXTS.es },
};

export type Language = keyof typeof TEXTS;
export type TextKey = keyof typeof TEXTS.en;
export const LANGUAGES: Language[] = ['en', 'es'];

let current: Language = 'en';

/** Returns the page's language. */
export function language(): Language {
  return current;
}

/** Makes a language the page's; what has been written already stays as it is. */
export function setLanguage(chosen: Language): void {
  current = chosen;
  if (typeof document !== 'undefined') document.documentElement.lang = chosen;
}

/** Returns the language that a browser asks for: Spanish if it comes before English. */
export function preferredLanguage(wanted: readonly string[] = navigator.languages): Language {
  return (wanted.map((tag) => tag.slice(0, 2)) as Language[]).find((tag) => LANGUAGES.includes(tag)) ?? 'en';
}

/** Returns a text, `{name}` in it replaced by the value of that name; numbers are written as the language does. */
export function t(key: TextKey, values: Record<string, string | number> = {}): string {
  return TEXTS[current][key].replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = values[name];
    return typeof value === 'number' ? formatNumber(value) : (value ?? whole);
  });
}

/** Returns a number as the language writes it: 0.95 or 0,95. */
export function formatNumber(value: number, maximumFractionDigits = 3): string {
  return new Intl.NumberFormat(current, { maximumFractionDigits }).format(value);
}

/** Returns the number that a text means, with a decimal point or comma; NaN if it means none. */
export function parseNumber(text: string): number {
  return text.trim() === '' ? NaN : Number(text.trim().replace(',', '.'));
}
