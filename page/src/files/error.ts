import { t, type TextKey } from '../texts';

/** A file that cannot be read; its message is one sentence for whoever chose the file. */
export class FileError extends Error {
  constructor(key: TextKey, values: Record<string, string | number> = {}) {
    super(t(key, values));
    this.name = 'FileError';
  }
}
