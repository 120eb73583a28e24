import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The interpreter with the Python packages, from the environment or where `make test-interop` puts it. */
export const PYTHON: string =
  process.env['CASSL_PYTHON'] ?? join(import.meta.dirname, '../../../.tools/python/bin/python');

export const hasPython: boolean = existsSync(PYTHON);

/** A script beside this file that answers one JSON line with one JSON line. */
export class PythonPeer {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string, undefined>;

  constructor(script: string) {
    this.child = spawn(PYTHON, [join(import.meta.dirname, script)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async ask<T>(question: unknown): Promise<T> {
    this.child.stdin!.write(`${JSON.stringify(question)}\n`);
    const line: IteratorResult<string, undefined> = await this.lines.next();
    if (line.done === true) throw new Error('the Python peer stopped');
    return JSON.parse(line.value) as T;
  }

  close(): void {
    this.child.stdin!.end();
  }
}
