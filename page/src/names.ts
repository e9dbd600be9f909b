/** Notes, keys and events by name, in the page's language. */
import { pitchName } from './files';
import { language, t, type TextKey } from './texts';

const SYLLABLES: Record<string, string> = { C: 'do', D: 're', E: 'mi', F: 'fa', G: 'sol', A: 'la', B: 'si' };

export function noteName(pitch: number): string {
  return pitchName(pitch, undefined, language() === 'es');
}

export function eventName(event: number): string {
  if (event === -2) return t('hold');
  return event === -1 ? t('off') : noteName(event);
}

/** Returns a key's name, which is given in English such as 'Bb major'. */
export function keyText(name: string): string {
  const [tonic, mode] = name.split(' ');
  const letter = language() === 'es' ? SYLLABLES[tonic[0]] : tonic[0];
  const accidental = tonic.slice(1).replace('#', '♯').replace('b', '♭');
  return `${letter}${accidental} ${t(`mode.${mode}` as TextKey)}`;
}
