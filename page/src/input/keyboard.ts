import { pitchName } from '../files/keys';
import { language, t } from '../texts';
import './keyboard.css';
import { listenToMidi, type OnNote } from './midi_input';

const NUM_KEYS = 24;
const BLACK = [1, 3, 6, 8, 10];
/** The computer's keys by their places, from C on, as music programs have them; Z and X change the octave. */
const CODES = 'AWSEDFTGYHUJKOLP'.split('').map((letter) => `Key${letter}`);
const [LOWEST, HIGHEST] = [24, 96];
const CLICK_MILLISECONDS = 300;

/** A piano of two octaves, played by pointer, by the computer's keys and by MIDI. */
export class Keyboard {
  readonly element = document.createElement('div');
  /** The pitch of the leftmost key, a C. */
  private lowest = 60;
  private keys: HTMLButtonElement[] = [];
  private readonly range = document.createElement('span');
  private readonly state = document.createElement('p');
  /** The pitch that each pointer, key or MIDI note holds down; it stays though the octave changes. */
  private readonly held = new Map<string, number>();
  private readonly letters = new Map<string, string>();

  constructor(private readonly onNote: OnNote) {
    this.element.className = 'keyboard';
    this.range.setAttribute('aria-live', 'polite');
    this.state.className = 'hint';
    this.state.setAttribute('role', 'status');
    this.write();
    this.listen();
    void this.readLayout();
  }

  /** Writes everything, and anew when the language has changed. */
  write(): void {
    const piano = document.createElement('div');
    piano.className = 'piano';
    piano.setAttribute('role', 'group');
    piano.setAttribute('aria-label', t('keys.piano'));
    this.keys = Array.from({ length: NUM_KEYS }, (_, number) => this.makeKey(number));
    piano.append(...this.keys);
    const bar = document.createElement('div');
    bar.className = 'keyboard-bar';
    bar.append(
      makeButton('−8', t('keys.lower'), () => this.move(-12)),
      this.range,
      makeButton('+8', t('keys.higher'), () => this.move(12)),
      makeButton(t('midi.connect'), t('midi.connect'), () => void this.connectMidi()),
    );
    const help = document.createElement('p');
    help.className = 'hint';
    help.id = 'keyboard-help';
    help.textContent = t('keys.help');
    piano.setAttribute('aria-describedby', help.id);
    this.state.textContent = '';
    this.element.replaceChildren(bar, this.state, piano, help);
    this.label();
  }

  private makeKey(number: number): HTMLButtonElement {
    const key = document.createElement('button');
    key.type = 'button';
    key.className = isBlack(number) ? 'key black' : 'key white';
    key.style.setProperty('--place', String(whitesBefore(number)));
    key.tabIndex = number === 0 ? 0 : -1;
    key.addEventListener('pointerdown', (event) => {
      // A finger that slides goes on to the next key.
      key.releasePointerCapture?.(event.pointerId);
      if (event.button === 0) this.press(`pointer ${event.pointerId}`, this.lowest + number, event.timeStamp);
    });
    key.addEventListener('pointerenter', (event) => {
      if (this.held.has(`pointer ${event.pointerId}`)) this.press(`pointer ${event.pointerId}`, this.lowest + number, event.timeStamp);
    });
    key.addEventListener('keydown', (event) => this.onPianoKey(event, number));
    key.addEventListener('keyup', (event) => this.letGo(event.code, event.timeStamp));
    // A screen reader clicks without a pointer.
    key.addEventListener('click', (event) => {
      if (event.detail === 0) this.tap(this.lowest + number, event.timeStamp);
    });
    return key;
  }

  private listen(): void {
    for (const name of ['pointerup', 'pointercancel'] as const) {
      document.addEventListener(name, (event) => this.letGo(`pointer ${event.pointerId}`, event.timeStamp));
    }
    document.addEventListener('keydown', (event) => this.onComputerKey(event));
    document.addEventListener('keyup', (event) => this.letGo(event.code, event.timeStamp));
    // What is held when the page loses the keys would sound for ever.
    window.addEventListener('blur', (event) => {
      for (const holder of [...this.held.keys()]) this.letGo(holder, event.timeStamp);
    });
  }

  private onPianoKey(event: KeyboardEvent, number: number): void {
    const moves: Record<string, number> = { ArrowRight: number + 1, ArrowLeft: number - 1, Home: 0, End: NUM_KEYS - 1 };
    const isPress = event.key === 'Enter' || event.key === ' ';
    if (!isPress && !(event.key in moves)) return;
    event.preventDefault();
    if (isPress) {
      if (!event.repeat) this.press(event.code, this.lowest + number, event.timeStamp);
      return;
    }
    const target = this.keys[moves[event.key]];
    if (!target) return;
    for (const key of this.keys) key.tabIndex = key === target ? 0 : -1;
    target.focus();
  }

  private onComputerKey(event: KeyboardEvent): void {
    if (!this.element.isConnected || event.repeat || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (event.code === 'KeyZ') this.move(-12);
    if (event.code === 'KeyX') this.move(12);
    const place = CODES.indexOf(event.code);
    if (place >= 0) this.press(event.code, this.lowest + place, event.timeStamp);
  }

  private press(holder: string, pitch: number, timeStamp: number): void {
    if (this.held.get(holder) === pitch || pitch > 127) return;
    this.letGo(holder, timeStamp);
    const isNew = !this.isHeld(pitch);
    this.held.set(holder, pitch);
    this.light(pitch);
    if (isNew) this.onNote(pitch, true, timeStamp / 1000);
  }

  private letGo(holder: string, timeStamp: number): void {
    const pitch = this.held.get(holder);
    if (pitch === undefined) return;
    this.held.delete(holder);
    this.light(pitch);
    if (!this.isHeld(pitch)) this.onNote(pitch, false, timeStamp / 1000);
  }

  private tap(pitch: number, timeStamp: number): void {
    this.press('click', pitch, timeStamp);
    setTimeout(() => this.letGo('click', timeStamp + CLICK_MILLISECONDS), CLICK_MILLISECONDS);
  }

  private isHeld(pitch: number): boolean {
    return [...this.held.values()].includes(pitch);
  }

  private light(pitch: number): void {
    this.keys[pitch - this.lowest]?.classList.toggle('sounding', this.isHeld(pitch));
  }

  private move(semitones: number): void {
    this.lowest = Math.max(LOWEST, Math.min(HIGHEST, this.lowest + semitones));
    this.label();
  }

  private async connectMidi(): Promise<void> {
    const take: OnNote = (pitch, isDown, seconds) => {
      if (isDown) this.press(`midi ${pitch}`, pitch, 1000 * seconds);
      else this.letGo(`midi ${pitch}`, 1000 * seconds);
    };
    await listenToMidi(take, (sentence) => (this.state.textContent = sentence));
  }

  /** Names the keys, and prints the computer's keys on them. */
  private label(): void {
    const nameOf = (number: number): string => pitchName(this.lowest + number, undefined, language() === 'es');
    this.keys.forEach((key, number) => {
      const code = CODES[number];
      const letter = code ? (this.letters.get(code) ?? code.slice(3)).toUpperCase() : '';
      key.setAttribute('aria-label', nameOf(number));
      if (letter) key.setAttribute('aria-keyshortcuts', letter);
      key.replaceChildren(makeLabel('letter', letter), makeLabel('name', number % 12 === 0 ? nameOf(number) : ''));
      this.light(this.lowest + number);
    });
    this.range.textContent = t('keys.range', { low: nameOf(0), high: nameOf(NUM_KEYS - 1) });
  }

  /** Learns what the keys are called in another layout, where the browser tells. */
  private async readLayout(): Promise<void> {
    const { keyboard } = navigator as { keyboard?: { getLayoutMap?: () => Promise<Map<string, string>> } };
    try {
      const layout = await keyboard?.getLayoutMap?.();
      layout?.forEach((letter, code) => this.letters.set(code, letter));
      this.label();
    } catch {
      // Within another page's frame it may not be read; the usual letters stay.
    }
  }
}

function isBlack(number: number): boolean {
  return BLACK.includes(number % 12);
}

function whitesBefore(number: number): number {
  return Array.from({ length: number }, (_, each) => each).filter((each) => !isBlack(each)).length;
}

function makeButton(text: string, label: string, onClick: () => void): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = text;
  button.title = label;
  button.setAttribute('aria-label', label);
  button.addEventListener('click', onClick);
  return button;
}

function makeLabel(className: string, text: string): HTMLSpanElement {
  const label = document.createElement('span');
  label.className = className;
  label.textContent = text;
  label.setAttribute('aria-hidden', 'true');
  return label;
}

/** Returns whether letters mean something where they are pressed: in fields of text and in menus. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  const isField = target instanceof HTMLInputElement && !/^(range|checkbox|radio|button|file)$/.test(target.type);
  return isField || target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName);
}
