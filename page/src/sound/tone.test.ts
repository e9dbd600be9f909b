import { expect, test } from 'vitest';
import { frequencyOf, renderRoom, renderTone, TONE_RATE } from './tone';

/** Returns how strong a frequency is in some samples (Goertzel's algorithm). */
function strength(samples: Float32Array, hertz: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * hertz) / TONE_RATE);
  let [before, now] = [0, 0];
  for (const sample of samples) [before, now] = [now, sample + factor * now - before];
  return Math.sqrt(now * now + before * before - factor * now * before);
}

test.each([36, 60, 84])('pitch %i is in tune, dies away and clips nowhere', (pitch) => {
  const tone = renderTone(pitch);
  const peak = (from: number, to: number): number => tone.slice(from * tone.length, to * tone.length).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const second = tone.slice(0, TONE_RATE);
  const [flat, own, sharp] = [-0.3, 0, 0.3].map((semitones) => strength(second, frequencyOf(pitch + semitones)));
  expect(own).toBeGreaterThan(3 * Math.max(flat, sharp));
  expect(peak(0, 0.2)).toBeLessThan(0.5);
  expect(peak(0.9, 1)).toBeLessThan(0.1 * peak(0, 0.1));
  expect(Math.abs(tone[tone.length - 1])).toBeLessThan(1e-3);
});

test('the room answers differently on both sides', () => {
  const [left, right] = renderRoom(8_000);
  expect(left).not.toEqual(right);
  expect(Math.abs(left[left.length - 1])).toBeLessThan(1e-2);
});
