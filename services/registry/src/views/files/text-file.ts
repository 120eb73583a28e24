import { createHash } from 'node:crypto';
import type { ServedFile } from '../http/send-file.ts';

/** A small file in memory. */
export interface TextFile extends ServedFile {
  readonly sha256: string;
  /** As git names it, which is what the Hub's clients expect of small files. */
  readonly gitOid: string;
  readonly bytes: Buffer;
}

export function textFile(content: string | Uint8Array, contentType: string): TextFile {
  const bytes = Buffer.from(content);
  const gitOid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  return {
    sizeBytes: bytes.length,
    etag: gitOid,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    gitOid,
    bytes,
    contentType,
    sendTo: (sink, { start, end }) => {
      sink.write(bytes.subarray(start, end));
      return Promise.resolve();
    },
  };
}

export function jsonFile(value: unknown): TextFile {
  return textFile(`${JSON.stringify(value, null, 2)}\n`, 'application/json; charset=utf-8');
}
