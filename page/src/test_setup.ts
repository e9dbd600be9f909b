/** What tests take from a browser. */
import { JSDOM } from 'jsdom';

const { window } = new JSDOM('<!doctype html><body></body>', { pretendToBeVisual: true });
for (const name of ['document', 'DOMParser', 'HTMLElement', 'HTMLInputElement', 'KeyboardEvent', 'Event', 'navigator', 'window'] as const) {
  Object.defineProperty(globalThis, name, { value: name === 'window' ? window : window[name], configurable: true });
}
