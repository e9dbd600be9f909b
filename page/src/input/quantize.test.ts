import { expect, test } from 'vitest';
import { quantize } from './quantize';

const note = (pitch: number, start: number, end: number): { pitch: number; start: number; end: number } => ({ pitch, start, end });
// At 150 quarter notes a minute a step takes a tenth of a second.
const events = (...notes: ReturnType<typeof note>[]): number[] => quantize(notes, 150, 16).events;

test('notes go to the nearest step', () => {
  expect(events(note(60, -0.03, 0.19), note(62, 0.22, 0.38), note(64, 0.41, 0.8))).toEqual([60, -2, 62, -2, 64, -2, -2, -2]);
});

test('a key let go early leaves no rest, a real rest stays', () => {
  expect(events(note(60, 0, 0.3), note(62, 0.4, 0.5), note(64, 0.8, 0.9))).toEqual([60, -2, -2, -2, 62, -1, -2, -2, 64]);
});

test('of a chord the highest counts, quick notes get a step each', () => {
  expect(events(note(60, 0, 0.2), note(67, 0.01, 0.2), note(64, 0.02, 0.2))).toEqual([67, -2]);
  expect(events(note(60, 0, 0.04), note(62, 0.045, 0.1))).toEqual([60, 62]);
});

test('a long note ends where the next one begins', () => {
  expect(events(note(60, 0, 2), note(62, 0.2, 0.4))).toEqual([60, -2, 62, -2]);
});

test('bars and tempo are those asked for', () => {
  expect(quantize([note(60, 0, 1)], 90, 12)).toMatchObject({ stepsPerBar: 12, meter: [3, 4], quartersPerMinute: 90 });
  expect(quantize([], 90, 14)).toMatchObject({ events: [], meter: [7, 8] });
});
