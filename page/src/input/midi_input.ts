import { t } from '../texts';

/** Is told a key that goes down or up, with the time in seconds on the clock of `performance.now()`. */
export type OnNote = (pitch: number, isDown: boolean, timeSeconds: number) => void;

const NOTE_ON = 0x90;
const NOTE_OFF = 0x80;

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
  const listen = (): void => {
    const inputs = [...access.inputs.values()].filter((input) => input.state === 'connected');
    for (const input of inputs) input.onmidimessage = (message) => take(message, onNote);
    const names = inputs.map((input) => input.name ?? 'MIDI').join(', ');
    onState(names ? t('midi.connected', { names }) : t('midi.none'));
  };
  access.onstatechange = listen;
  listen();
}

function take({ data, timeStamp }: MIDIMessageEvent, onNote: OnNote): void {
  if (!data || data.length < 3) return;
  const [status, pitch, velocity] = data;
  const kind = status & 0xf0;
  if (kind === NOTE_ON || kind === NOTE_OFF) onNote(pitch, kind === NOTE_ON && velocity > 0, timeStamp / 1000);
}
