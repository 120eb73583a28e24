import { invalidArgument } from '@cassl/errors';
import type { Spool, SpooledFile } from './spool.ts';

/** One line of a commit: newline-delimited JSON. */
export interface CommitLine {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** The decoded content of a long line, which never was in memory. */
  readonly content: SpooledFile | undefined;
}

/** A line that grows beyond this is looked through for the content that makes it long. */
const LONG_BYTES = 128 * 1024;
/** What a line may have beside its content. */
const MAX_LINE_BYTES = 4 * 2 ** 20;
const CONTENT = /"content"\s*:\s*"/;
const QUOTE = 0x22;
const NEWLINE = 0x0a;

/** @throws INVALID_ARGUMENT for lines that are no commit's */
export async function* commitLines(body: AsyncIterable<Buffer>, spool: Spool): AsyncGenerator<CommitLine> {
  let line: Buffer = Buffer.alloc(0);
  let writing: Awaited<ReturnType<Spool['open']>> | undefined;
  let content: SpooledFile | undefined;
  for await (const chunk of body) {
    let rest: Buffer = chunk;
    while (rest.length > 0) {
      if (writing !== undefined) {
        const end = rest.indexOf(QUOTE);
        await writing.write(end < 0 ? rest : rest.subarray(0, end));
        rest = end < 0 ? Buffer.alloc(0) : rest.subarray(end);
        if (end < 0) continue;
        content = await writing.finish();
        writing = undefined;
      }
      const newline = rest.indexOf(NEWLINE);
      line = Buffer.concat([line, newline < 0 ? rest : rest.subarray(0, newline)]);
      rest = newline < 0 ? Buffer.alloc(0) : rest.subarray(newline + 1);
      if (newline >= 0) {
        if (line.length > 0) yield parse(line, content);
        line = Buffer.alloc(0);
        content = undefined;
        continue;
      }
      const start = content === undefined && line.length > LONG_BYTES ? contentStart(line) : undefined;
      if (start !== undefined) {
        writing = await spool.open();
        rest = line.subarray(start);
        line = line.subarray(0, start);
      } else if (line.length > MAX_LINE_BYTES)
        throw invalidArgument(
          `a line of a commit must be at most ${MAX_LINE_BYTES} bytes beside its content`,
        );
    }
  }
  if (writing !== undefined) throw invalidArgument('the commit ends inside a file');
  if (line.length > 0) yield parse(line, content);
}

/** Where the characters of the content begin. */
function contentStart(line: Buffer): number | undefined {
  const found = CONTENT.exec(line.toString('latin1'));
  return found === null ? undefined : found.index + found[0].length;
}

function parse(line: Buffer, content: SpooledFile | undefined): CommitLine {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line.toString('utf8'));
  } catch {
    throw invalidArgument('a commit must be lines of JSON objects {key, value}');
  }
  const { key, value } = (parsed ?? {}) as { key?: unknown; value?: unknown };
  if (typeof key !== 'string' || typeof value !== 'object' || value === null)
    throw invalidArgument('a commit must be lines of JSON objects {key, value}');
  return { key, value: value as Record<string, unknown>, content };
}
