import { expect, test } from 'vitest';
import { keyName, parseKey, pitchName, signature } from './keys';

test('keys by their names', () => {
  expect(parseKey('F#m')).toEqual({ sharps: 3, mode: 'minor' });
  expect(parseKey('Bb major')).toEqual({ sharps: -2, mode: 'major' });
  expect(parseKey('D Dorian')).toEqual({ sharps: 0, mode: 'dorian' });
  for (const name of ['', 'none', 'H', 'G# major', 'D blue']) expect(parseKey(name)).toBeUndefined();
});

test('a key has the name that it is read by', () => {
  for (const mode of ['major', 'minor', 'dorian', 'phrygian', 'lydian', 'mixolydian', 'locrian'] as const) {
    for (let sharps = -7; sharps <= 7; sharps++) expect(parseKey(keyName({ sharps, mode }))).toEqual({ sharps, mode });
  }
  expect(signature({ sharps: -2, mode: 'major' })).toEqual({ E: -1, B: -1 });
});

test('pitches are spelled as the key has them', () => {
  expect(pitchName(66)).toBe('F♯4');
  expect(pitchName(66, { sharps: -5, mode: 'major' })).toBe('G♭4');
  expect(pitchName(68, { sharps: 0, mode: 'minor' })).toBe('G♯4');
  expect(pitchName(71, { sharps: -7, mode: 'major' })).toBe('C♭5');
  expect(pitchName(67, undefined, true)).toBe('sol4');
});
