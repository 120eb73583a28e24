import { createReadStream } from 'node:fs';
import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Text that is wanted later: in memory while it is short, then in a temporary file. */
export interface TextSpool {
  add(text: string): Promise<void>;
  /** All of it, in order. */
  read(): AsyncIterable<string>;
  close(): Promise<void>;
}

/** Characters kept in memory. */
const IN_MEMORY = 1 << 24;

export function createTextSpool(inMemory = IN_MEMORY): TextSpool {
  let folder: string | undefined;
  let texts: string[] = [];
  let length = 0;
  return {
    async add(text) {
      texts.push(text);
      length += text.length;
      if (length <= inMemory) return;
      folder ??= await mkdtemp(join(tmpdir(), 'cassl-export-'));
      await appendFile(join(folder, 'text'), texts.join(''));
      [texts, length] = [[], 0];
    },
    async *read() {
      if (folder !== undefined) yield* createReadStream(join(folder, 'text'), 'utf8');
      yield texts.join('');
    },
    async close() {
      if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}
