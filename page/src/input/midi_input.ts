import { t } from '../texts';

/** Is told a key that goes down or up, with the time in seconds on the clock of `performance.now()`. */
export type OnNote = (pitch: number, isDown: boolean, timeSeconds: number) => void;

const NOTE_ON = 0x90;
const NOTE_OFF = 0x80;
const CONTROL = 0xb0;
const SYSTEM = 0xf0;
const REAL_TIME = 0xf8;
/** From this controller on: all sound off, and what else ends every note. */
const ALL_OFF = 120;
/** How many data bytes a message of each kind has, from 0x80 on. */
const NUM_DATA = [2, 2, 2, 2, 1, 1, 2];

/**
 * Listens to all MIDI keyboards, those plugged in later, too. The browser may ask the user for leave.
 *
 * @param onState Is told a sentence for the user: what is connected, or why nothing is.
 */
export async function listenToMidi(onNote: OnNote, onState: (sentence: string) => void): Promise<void> {
  if (!navigator.requestMIDIAccess) return onState(t('midi.missing'));
  let access: MIDIAccess;
  try {
    access = await navigator.requestMIDIAccess();
  } catch {
    return onState(t('midi.refused'));
  }
  const streams = new Map<string, MidiStream>();
  const listen = (): void => {
    const inputs = [...access.inputs.values()].filter((input) => input.state === 'connected');
    for (const [id, stream] of streams) {
      if (inputs.some((input) => input.id === id)) continue;
      // What is held while a keyboard is unplugged would sound for ever.
      stream.end(performance.now());
      streams.delete(id);
    }
    for (const input of inputs) {
      if (streams.has(input.id)) continue;
      const stream = new MidiStream(onNote);
      streams.set(input.id, stream);
      input.onmidimessage = ({ data, timeStamp }) => data && stream.take(data, timeStamp);
    }
    const names = inputs.map((input) => input.name ?? 'MIDI').join(', ');
    onState(names ? t('midi.connected', { names }) : t('midi.none'));
  };
  access.onstatechange = listen;
  listen();
}

/** The notes of one keyboard, read from its bytes; a status byte may be left out where it is that of before. */
class MidiStream {
  private readonly down = new Set<number>();
  private status = 0;
  private data: number[] = [];

  constructor(private readonly onNote: OnNote) {}

  /** Takes in some bytes; the time is in milliseconds on the clock of `performance.now()`. */
  take(bytes: Iterable<number>, time: number): void {
    for (const byte of bytes) {
      // Clocks come in between, even within other messages.
      if (byte >= REAL_TIME) continue;
      if (byte >= NOTE_OFF) {
        [this.status, this.data] = [byte, []];
        continue;
      }
      if (this.status < NOTE_OFF || this.status >= SYSTEM) continue;
      this.data.push(byte);
      if (this.data.length < NUM_DATA[(this.status - NOTE_OFF) >> 4]) continue;
      this.act(this.status & 0xf0, this.data[0], this.data[1], time);
      this.data = [];
    }
  }

  /** Lets go of all that is held. */
  end(time: number): void {
    for (const pitch of this.down) this.onNote(pitch, false, time / 1000);
    this.down.clear();
  }

  private act(kind: number, number: number, value: number, time: number): void {
    if (kind === CONTROL && number >= ALL_OFF) this.end(time);
    if (kind !== NOTE_ON && kind !== NOTE_OFF) return;
    const isDown = kind === NOTE_ON && value > 0;
    if (!isDown && !this.down.has(number)) return;
    if (isDown) this.down.add(number);
    else this.down.delete(number);
    this.onNote(number, isDown, time / 1000);
  }
}
