/** The instrument: what turns pitches into sound on the clock of an audio context. */
import { frequencyOf, renderRoom, renderTone, TONE_RATE } from './tone';

/** A note that sounds, or will. */
export interface SoundingNote {
  /** Damps it at a time of the audio clock. */
  release(time: number): void;
  /** Silences it now, though it may not have begun. */
  cut(): void;
}

const RELEASE_SECONDS = 0.07;
const CLICK_SECONDS = 0.05;
/** One tone is rendered for each group of so many pitches; the others are that one, played a little faster or slower. */
const GROUP = 3;
const ROOM_LEVEL = 0.35;
const tones = new Map<number, AudioBuffer>();

export class Instrument {
  private readonly output: GainNode;
  private readonly sounding = new Set<SoundingNote>();

  constructor(private readonly context: BaseAudioContext) {
    this.output = new GainNode(context, { gain: 1.2 });
    const limiter = new DynamicsCompressorNode(context, { threshold: -9, ratio: 20, attack: 0.002, release: 0.1 });
    const room = new ConvolverNode(context, { buffer: bufferOf(renderRoom(context.sampleRate), context.sampleRate) });
    const roomLevel = new GainNode(context, { gain: ROOM_LEVEL });
    this.output.connect(limiter);
    this.output.connect(room).connect(roomLevel).connect(limiter);
    limiter.connect(context.destination);
  }

  /** Strikes a note at a time of the audio clock, as loudly as `velocity` in 0..1 says. */
  strike(pitch: number, time: number, velocity: number): SoundingNote {
    const playbackRate = frequencyOf(pitch) / frequencyOf(rootOf(pitch));
    const source = new AudioBufferSourceNode(this.context, { buffer: toneOf(pitch), playbackRate });
    const gain = new GainNode(this.context, { gain: velocity });
    // Low strings stand on the left.
    const pan = new StereoPannerNode(this.context, { pan: Math.max(-0.35, Math.min(0.35, (pitch - 66) / 80)) });
    source.connect(gain).connect(pan).connect(this.output);
    source.start(time);
    return this.track(source, pan, (when, seconds) => {
      gain.gain.setTargetAtTime(0, when, seconds);
      source.stop(when + 10 * seconds);
    });
  }

  /** Sounds a click of the metronome. */
  click(time: number, isAccented: boolean): void {
    const source = new OscillatorNode(this.context, { frequency: isAccented ? 1_760 : 1_175, type: 'triangle' });
    const gain = new GainNode(this.context, { gain: 0 });
    gain.gain.setValueAtTime(isAccented ? 0.3 : 0.18, time);
    gain.gain.exponentialRampToValueAtTime(0.001, time + CLICK_SECONDS);
    source.connect(gain).connect(this.output);
    source.start(time);
    source.stop(time + CLICK_SECONDS);
    this.track(source, gain, () => gain.disconnect());
  }

  /** Silences all. */
  cut(): void {
    for (const note of this.sounding) note.cut();
    this.sounding.clear();
  }

  /** Returns a source as a note that is known until it has ended; `damp` makes it die away from a time on. */
  private track(source: AudioScheduledSourceNode, last: AudioNode, damp: (time: number, seconds: number) => void): SoundingNote {
    const note: SoundingNote = {
      release: (time) => damp(time, RELEASE_SECONDS),
      cut: () => damp(this.context.currentTime, RELEASE_SECONDS / 4),
    };
    this.sounding.add(note);
    source.onended = () => {
      this.sounding.delete(note);
      last.disconnect();
    };
    return note;
  }
}

/** Returns the tone that a pitch is played from; it is rendered once, which takes some milliseconds. */
export function toneOf(pitch: number): AudioBuffer {
  const root = rootOf(pitch);
  const known = tones.get(root);
  if (known) return known;
  const tone = bufferOf([renderTone(root)], TONE_RATE);
  tones.set(root, tone);
  return tone;
}

function bufferOf(channels: Float32Array<ArrayBuffer>[], sampleRate: number): AudioBuffer {
  const buffer = new AudioBuffer({ numberOfChannels: channels.length, length: channels[0].length, sampleRate });
  channels.forEach((samples, channel) => buffer.copyToChannel(samples, channel));
  return buffer;
}

function rootOf(pitch: number): number {
  return pitch - (pitch % GROUP) + 1;
}
