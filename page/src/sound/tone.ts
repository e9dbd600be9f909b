/**
 * The sound of a struck string, as a sum of partials: each a little sharp by the string's stiffness, weak where the
 * hammer meets a node, dying away the faster the higher it is, and slowly after a quick beginning.
 */

/** Of tones, in hertz; no partial is nearly as high as half of it. */
export const TONE_RATE = 24_000;
const LOWEST_AUDIBLE = 2e-4;
const HIGHEST_HERTZ = 9_000;
const LONGEST_SECONDS = 5;
const ATTACK_SECONDS = 0.002;
const PEAK = 0.42;
/** Where on the string the hammer strikes, as a part of its length. */
const STRIKE = 1 / 7.3;

/** Returns the frequency of a MIDI pitch in hertz. */
export function frequencyOf(pitch: number): number {
  return 440 * 2 ** ((pitch - 69) / 12);
}

/** Returns the samples of a pitch, mono in -1..1 at `TONE_RATE`, from the stroke until it has died away. */
export function renderTone(pitch: number): Float32Array<ArrayBuffer> {
  const frequency = frequencyOf(pitch);
  const sustain = 11 * 2 ** ((60 - pitch) / 22);
  const samples = new Float32Array(Math.ceil(Math.min(LONGEST_SECONDS, 0.7 * sustain) * TONE_RATE));
  const stiffness = 3.5e-4 * 2 ** ((pitch - 60) / 14);
  for (let number = 1; number <= 30; number++) {
    const partial = number * frequency * Math.sqrt(1 + stiffness * number * number);
    if (partial > HIGHEST_HERTZ) break;
    const level = (Math.abs(Math.sin(Math.PI * number * STRIKE)) * Math.exp(-partial / 3_200)) / number ** 0.7;
    const seconds = sustain / (1 + 0.3 * (number - 1));
    addPartial(samples, level, partial, 0.4 * seconds);
    // A choir of strings is never quite in tune: what goes on beats slowly against itself.
    addPartial(samples, 0.28 * level, partial * 1.0006, seconds);
  }
  addHammer(samples, frequency);
  return shaped(samples);
}

/** Returns what a small room answers to a clap, left and right. */
export function renderRoom(sampleRate: number, seconds = 1.1): Float32Array<ArrayBuffer>[] {
  return [1, 2].map((seed) => {
    const samples = new Float32Array(Math.round(seconds * sampleRate));
    const random = noise(seed);
    let sound = 0;
    for (let index = Math.round(0.012 * sampleRate); index < samples.length; index++) {
      // The longer a sound has travelled, the duller it is.
      const place = index / samples.length;
      sound += (0.5 - 0.42 * place) * (random() - sound);
      samples[index] = sound * Math.exp(-6.9 * place);
    }
    return samples;
  });
}

/** Adds a decaying sine by the recurrence y[n] = 2 r cos(w) y[n-1] - r² y[n-2]; `seconds` is the time to fall by 60 dB. */
function addPartial(samples: Float32Array, level: number, hertz: number, seconds: number): void {
  if (level < LOWEST_AUDIBLE) return;
  const decay = 10 ** (-3 / (seconds * TONE_RATE));
  const angle = (2 * Math.PI * hertz) / TONE_RATE;
  const [first, second] = [2 * decay * Math.cos(angle), -decay * decay];
  const length = Math.min(samples.length, Math.ceil(Math.log(LOWEST_AUDIBLE / level) / Math.log(decay)));
  let before = 0;
  let now = level * decay * Math.sin(angle);
  for (let index = 1; index < length; index++) {
    samples[index] += now;
    const next = first * now + second * before;
    before = now;
    now = next;
  }
}

/** Adds the knock of the hammer: a few milliseconds of noise, duller for low notes. */
function addHammer(samples: Float32Array, frequency: number): void {
  const length = Math.min(samples.length, Math.round(0.03 * TONE_RATE));
  const smoothing = Math.min(0.6, (2 * Math.PI * (600 + frequency)) / TONE_RATE);
  const random = noise(1);
  let knock = 0;
  for (let index = 0; index < length; index++) {
    knock += smoothing * (random() - knock);
    samples[index] += 0.25 * knock * Math.exp((-6 * index) / length);
  }
}

function shaped(samples: Float32Array<ArrayBuffer>): Float32Array<ArrayBuffer> {
  const peak = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), LOWEST_AUDIBLE);
  const [attack, release] = [ATTACK_SECONDS * TONE_RATE, 0.5 * TONE_RATE];
  return samples.map((sample, index) => (PEAK / peak) * sample * Math.min(1, (index + 1) / attack, (samples.length - index) / release));
}

/** Returns a source of noise in -1..1, the same each time (Park and Miller's generator). */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 1_073_741_824 - 1;
  };
}
