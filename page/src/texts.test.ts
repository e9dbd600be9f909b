import { expect, test } from 'vitest';
import { CHORD_TEXTS } from './texts_chords';
import { CORE_TEXTS } from './texts_core';
import { FILE_TEXTS } from './texts_files';
import { INPUT_TEXTS } from './texts_input';
import { parseNumber, preferredLanguage, setLanguage, t } from './texts';

test.each([CHORD_TEXTS, CORE_TEXTS, FILE_TEXTS, INPUT_TEXTS])('both languages say the same', ({ en, es }) => {
  const names = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
  expect(Object.keys(es)).toEqual(Object.keys(en));
  for (const [key, text] of Object.entries<string>(en)) expect([key, names((es as Record<string, string>)[key])]).toEqual([key, names(text)]);
});

test('values stand in texts as the language writes them', () => {
  setLanguage('es');
  expect(t('keys.range', { low: 'do4', high: 2.5 })).toBe('de do4 a 2,5');
  setLanguage('en');
  expect(t('keys.range', { low: 'C4', high: 2.5 })).toBe('from C4 to 2.5');
});

test('numbers are read with a point or a comma', () => {
  expect([parseNumber('0,9'), parseNumber(' 1.25 '), parseNumber(''), parseNumber('a')]).toEqual([0.9, 1.25, NaN, NaN]);
});

test('the first known language of the browser is taken', () => {
  expect([preferredLanguage(['fr', 'es-MX', 'en']), preferredLanguage(['en-GB', 'es']), preferredLanguage(['de'])]).toEqual(['es', 'en', 'en']);
});
