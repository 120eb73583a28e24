import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CasslError, invalidArgument, resourceExhausted } from '@cassl/errors';

/** A file that came inside a request, on disk until the request is answered. */
export interface SpooledFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** Where contents wait whose sha256, and with it their place, is known only at their end. */
export interface Spool {
  open(): Promise<{ write(base64: Buffer): Promise<void>; finish(): Promise<SpooledFile> }>;
  remove(): Promise<void>;
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** @param maxBytes of all files together, decoded */
export async function openSpool(maxBytes: number): Promise<Spool> {
  const folder = await mkdtemp(join(tmpdir(), 'cassl-commit-'));
  const opened = new Set<() => Promise<void>>();
  let total = 0;
  return {
    async open() {
      const path = join(folder, randomUUID());
      const file = await open(path, 'w');
      const close = (): Promise<void> => file.close();
      opened.add(close);
      const hash = createHash('sha256');
      let [sizeBytes, carry] = [0, ''];
      const store = async (text: string): Promise<void> => {
        if (!BASE64.test(text)) throw invalidArgument('a file in a commit must be base64');
        const bytes = Buffer.from(text, 'base64');
        sizeBytes += bytes.length;
        total += bytes.length;
        if (total > maxBytes)
          throw new CasslError(
            'RESOURCE_EXHAUSTED',
            `the files in a commit are over the limit of ${maxBytes} bytes`,
          );
        hash.update(bytes);
        await file.write(bytes).catch(explain);
      };
      return {
        async write(base64) {
          const text = carry + base64.toString('latin1');
          const whole = text.length - (text.length % 4);
          carry = text.slice(whole);
          await store(text.slice(0, whole));
        },
        async finish() {
          await store(carry);
          opened.delete(close);
          await close();
          return { path, sizeBytes, sha256: hash.digest('hex') };
        },
      };
    },
    async remove() {
      for (const close of opened) await close().catch(() => undefined);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function explain(error: unknown): never {
  const isFull = ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
  throw isFull ? resourceExhausted('no space left for a commit on its way', { cause: error }) : error;
}
