/** Music files: the first melody of one read, and a melody written as one. */
import type { Melody } from '../types';
import { FileError } from './error';
import { readMidi } from './midi';
import { melodyOf, type Score } from './score';

export { FileError } from './error';
export { toAbc } from './abc_writer';
export { toMidi } from './midi';
export { toMusicXml } from './musicxml_writer';
export { pitchName } from './keys';

/** What a file chooser accepts. */
export const ACCEPT = '.mid,.midi,.abc,.musicxml,.xml,.mxl';
const MAX_BYTES = 8 * 2 ** 20;

/**
 * Returns the top voice of the first part of a MIDI, ABC or MusicXML file, on the grid of sixteenths.
 *
 * @throws FileError if it cannot be read: a sentence in the page's language that says what is wrong and what to do.
 */
export async function readFile(file: File): Promise<Melody> {
  const read = readerOf(file.name);
  if (!read) throw new FileError('file.kind', { name: shortName(file.name) });
  if (file.size > MAX_BYTES) throw new FileError('file.tooLarge', { size: MAX_BYTES / 2 ** 20 });
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (!bytes.length) throw new FileError('file.empty', { name: shortName(file.name) });
  const melody = melodyOf(await read(bytes));
  return { ...melody, title: melody.title ?? file.name.replace(/\.[^.]*$/, '') };
}

/** Returns what reads a kind of file; large libraries are loaded when they are needed. */
function readerOf(name: string): ((bytes: Uint8Array) => Promise<Score>) | undefined {
  const suffix = /\.([^.]+)$/.exec(name)?.[1].toLowerCase() ?? '';
  if (suffix === 'mid' || suffix === 'midi') return async (bytes) => readMidi(bytes);
  if (suffix === 'abc') return async (bytes) => (await import('./abc')).readAbc(decodeAbc(bytes));
  if (['musicxml', 'xml', 'mxl'].includes(suffix)) return async (bytes) => (await import('./musicxml')).readMusicXml(bytes);
  return undefined;
}

function decodeAbc(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}

function shortName(name: string): string {
  return name.length > 40 ? `${name.slice(0, 39)}…` : name;
}
