/** A request in the fragment of an address, which no browser sends to anybody. */
import { MAX_TEXT } from './chords/progression';
import { MAX_SEED, type Primer, type Request } from './model/request';

const MAX_BARS = 128;
const MAX_STEPS = 4096;

/** Returns the fragment of a request; `readLink` is its inverse. */
export function linkOf(request: Request): string {
  const bytes = new TextEncoder().encode(JSON.stringify(request));
  const text = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''));
  return `#${text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')}`;
}

/** Returns the request of a fragment; null if it is none. */
export function readLink(fragment: string): Request | null {
  try {
    const text = atob(fragment.slice(1).replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    const data: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isRequest(data) ? data : null;
  } catch {
    return null;
  }
}

function isRequest(data: unknown): data is Request {
  if (!isObject(data)) return false;
  const { model, seed, temperatures, topP, key, meter, bars, primer, chords, outline, transposition, qpm, keep, stop, hasForm } = data;
  return (
    isName(model) &&
    isWhole(seed, 0, MAX_SEED) &&
    isList(temperatures, isChange) &&
    (temperatures as unknown[]).length > 0 &&
    isNumber(topP, 0, 1) &&
    topP !== 0 &&
    isMaybe(key, isName) &&
    isMaybe(meter, isName) &&
    isMaybe(bars, (value) => isWhole(value, 1, MAX_BARS)) &&
    isMaybe(primer, isPrimer) &&
    isMaybe(chords, (value) => typeof value === 'string' && value.length > 0 && value.length <= MAX_TEXT) &&
    isMaybe(hasForm, isSwitch) &&
    isMaybe(outline, (value) => isWhole(value, 0, 2 ** 31)) &&
    isMaybe(transposition, (value) => isWhole(value, -128, 128)) &&
    isMaybe(qpm, isTempo) &&
    isMaybe(stop, (value) => isWhole(value, 1, MAX_STEPS)) &&
    isMaybe(keep, (value) => isList(value, isKept))
  );
}

function isPrimer(data: unknown): data is Primer {
  if (!isObject(data)) return false;
  const { events, meter, pickupSteps, qpm, key } = data;
  const isWell = isEvents(events) && events.some((event) => event >= 0) && isWhole(pickupSteps, 0, MAX_STEPS);
  return isWell && isName(meter) && isTempo(qpm) && isMaybe(key, isName);
}

function isObject(data: unknown): data is Record<string, unknown> {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

function isMaybe(data: unknown, test: (data: unknown) => boolean): boolean {
  return data === undefined || test(data);
}

function isList(data: unknown, test: (data: unknown) => boolean): boolean {
  return Array.isArray(data) && data.length <= MAX_STEPS && data.every(test);
}

function isNumber(data: unknown, least: number, most: number): data is number {
  return typeof data === 'number' && Number.isFinite(data) && data >= least && data <= most;
}

function isWhole(data: unknown, least: number, most: number): data is number {
  return isNumber(data, least, most) && Number.isInteger(data);
}

function isSwitch(data: unknown): boolean {
  return typeof data === 'boolean';
}

function isTempo(data: unknown): boolean {
  return isNumber(data, 1, 1000);
}

function isName(data: unknown): data is string {
  return typeof data === 'string' && data.length > 0 && data.length <= 200;
}

function isEvents(data: unknown): data is number[] {
  return isList(data, (event) => isWhole(event, -2, 127));
}

function isChange(data: unknown): boolean {
  return Array.isArray(data) && data.length === 2 && isWhole(data[0], 0, MAX_STEPS) && isNumber(data[1], 0, 100);
}

function isKept(data: unknown): boolean {
  return Array.isArray(data) && data.length === 2 && isWhole(data[0], 0, MAX_STEPS) && isEvents(data[1]);
}
