import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A process that answers each line on its stdin with one line of JSON. */
export class WorkerProcess {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  constructor(command: string, args: readonly string[], threads: number) {
    this.#process = spawn(command, args, {
      stdio: ['pipe', 'pipe', 'inherit'],
      // Waiting threads sleep: the other worker is using the cores.
      env: { ...process.env, OMP_NUM_THREADS: String(threads), OMP_WAIT_POLICY: 'passive' },
    });
    this.#answers = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
  }

  async ask<T>(line: string): Promise<T> {
    this.#process.stdin!.write(`${line}\n`);
    const answer = await this.#answers.next();
    if (answer.done)
      throw new Error(`bench worker ${this.#process.spawnargs.join(' ')} ended while asked for ${line}`);
    return JSON.parse(answer.value) as T;
  }

  stop(): void {
    this.#process.stdin!.end();
  }
}
