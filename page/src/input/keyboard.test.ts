import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { setLanguage } from '../texts';
import { Keyboard } from './keyboard';

let keyboard: Keyboard;
const onNote = vi.fn();

const key = (number: number): HTMLElement => keyboard.element.querySelectorAll<HTMLElement>('.key')[number];
const press = (type: string, code: string, target: EventTarget = document, more: KeyboardEventInit = {}): boolean =>
  target.dispatchEvent(new KeyboardEvent(type, { code, bubbles: true, cancelable: true, ...more }));
const told = (): unknown[] => onNote.mock.calls.map(([pitch, isDown]) => [pitch, isDown]);

beforeEach(() => {
  setLanguage('en');
  onNote.mockClear();
  keyboard = new Keyboard(onNote);
  document.body.replaceChildren(keyboard.element);
});

afterEach(() => vi.unstubAllGlobals());

test('the computer keys play, once while they are held, in the octave of the moment', () => {
  press('keydown', 'KeyD');
  press('keydown', 'KeyD', document, { repeat: true });
  press('keydown', 'KeyX');
  press('keyup', 'KeyD');
  press('keydown', 'KeyD');
  press('keyup', 'KeyD');
  expect(told()).toEqual([[64, true], [64, false], [76, true], [76, false]]);
});

test('letters that are typed or ask for something play nothing', () => {
  const field = document.createElement('input');
  document.body.append(field);
  press('keydown', 'KeyA', field);
  press('keydown', 'KeyS', document, { ctrlKey: true });
  expect(told()).toEqual([]);
  field.type = 'range';
  press('keydown', 'KeyA', field);
  press('keyup', 'KeyA', field);
  expect(told()).toEqual([[60, true], [60, false]]);
});

test('a key is played by Enter and by a click of a screen reader', () => {
  vi.useFakeTimers();
  press('keydown', 'Enter', key(0), { key: 'Enter' });
  press('keyup', 'Enter', key(0), { key: 'Enter' });
  key(7).click();
  vi.advanceTimersByTime(1000);
  vi.useRealTimers();
  expect(told()).toEqual([[60, true], [60, false], [67, true], [67, false]]);
});

test('arrows move along the piano, of which one key takes the tabulator', () => {
  key(0).focus();
  press('keydown', 'ArrowRight', key(0), { key: 'ArrowRight' });
  expect(document.activeElement).toBe(key(1));
  expect([...keyboard.element.querySelectorAll('.key')].filter((each) => (each as HTMLElement).tabIndex === 0)).toEqual([key(1)]);
});

test('a pitch that two hold ends with the second', () => {
  press('keydown', 'KeyA');
  press('keydown', 'Enter', key(0), { key: 'Enter' });
  press('keyup', 'KeyA');
  expect(told()).toEqual([[60, true]]);
  press('keyup', 'Enter', key(0), { key: 'Enter' });
  expect(told()).toEqual([[60, true], [60, false]]);
});

test('keys have names in the language of the page', () => {
  expect(key(6).getAttribute('aria-label')).toBe('F♯4');
  setLanguage('es');
  keyboard.write();
  expect(key(7).getAttribute('aria-label')).toBe('sol4');
});

test('a MIDI keyboard plays, and where there is none a sentence says so', async () => {
  const connect = (): void => keyboard.element.querySelectorAll<HTMLElement>('.keyboard-bar button')[2].click();
  const state = (): string => keyboard.element.querySelector('[role=status]')!.textContent!;
  const access = (inputs: object[]): object => ({ requestMIDIAccess: async () => ({ inputs: new Map(inputs.map((input, id) => [id, input])) }) });
  vi.stubGlobal('navigator', {});
  connect();
  expect(state()).toMatch(/knows no MIDI/);
  vi.stubGlobal('navigator', { requestMIDIAccess: () => Promise.reject(new Error()) });
  connect();
  await vi.waitFor(() => expect(state()).toMatch(/allow it/));
  vi.stubGlobal('navigator', access([]));
  connect();
  await vi.waitFor(() => expect(state()).toMatch(/plug one in/));
  const input = { name: 'Piano', state: 'connected', onmidimessage: (_: object): void => undefined };
  vi.stubGlobal('navigator', access([input]));
  connect();
  await vi.waitFor(() => expect(state()).toBe('Playing from Piano.'));
  for (const data of [[0x90, 70, 90], [0xb0, 1, 1], [0x90, 70, 0]]) input.onmidimessage({ data: Uint8Array.from(data), timeStamp: 500 });
  expect(onNote.mock.calls).toEqual([[70, true, 0.5], [70, false, 0.5]]);
});

test('bytes of a MIDI keyboard are read as they come: running status, clocks in between, unplugging', async () => {
  const piano = { id: '1', name: 'Piano', state: 'connected', onmidimessage: (_: object): void => undefined };
  const access = { inputs: new Map([['1', piano]]), onstatechange: (): void => undefined };
  vi.stubGlobal('navigator', { requestMIDIAccess: async () => access });
  keyboard.element.querySelectorAll<HTMLElement>('.keyboard-bar button')[2].click();
  const state = (): string => keyboard.element.querySelector('[role=status]')!.textContent!;
  await vi.waitFor(() => expect(state()).toBe('Playing from Piano.'));
  const send = (...data: number[]): void => piano.onmidimessage({ data: Uint8Array.from(data), timeStamp: 0 });
  const heard = (): unknown[] => told();
  send(0x90, 60, 80, 62, 80);
  send(60, 0);
  send(62, 0xf8, 0);
  expect(heard()).toEqual([[60, true], [62, true], [60, false], [62, false]]);
  onNote.mockClear();
  send(0x95, 64, 80);
  send(0x80, 65, 0);
  send(0xf0, 1, 2, 0xf7, 66, 80);
  send(0xe0, 0, 64);
  send(0xd0, 70);
  send(0xfe);
  send(0xb0, 123, 0);
  expect(heard()).toEqual([[64, true], [64, false]]);
  onNote.mockClear();
  send(0x90, 67, 80);
  piano.state = 'disconnected';
  access.onstatechange();
  expect(heard()).toEqual([[67, true], [67, false]]);
  expect(state()).toMatch(/plug one in/);
  piano.state = 'connected';
  access.onstatechange();
  onNote.mockClear();
  send(0x90, 67, 80);
  expect(heard()).toEqual([[67, true]]);
});
