import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const FILES_PER_FOLDER = 1000;

/** Starts a file of this folder as a process; what it tells comes by IPC. */
export function startProcess(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): ChildProcess {
  return fork(join(import.meta.dirname, file), args, {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, ...env },
  });
}

/** So many empty picture files, a thousand a folder: nobody here decodes them. */
export function makePool(folder: string, images: number): void {
  for (let i = 0; i < images; i++) {
    const sub = join(folder, String(Math.floor(i / FILES_PER_FOLDER)).padStart(5, '0'));
    if (i % FILES_PER_FOLDER === 0) mkdirSync(sub, { recursive: true });
    closeSync(openSync(join(sub, `${String(i).padStart(8, '0')}.jpg`), 'w'));
  }
}

/** A process that is started again whenever it dies, until it is stopped. */
export class Kept {
  #child: ChildProcess;
  #isStopped = false;
  readonly #start: () => ChildProcess;
  readonly #onMessage: (message: unknown) => void;

  constructor(start: () => ChildProcess, onMessage: (message: unknown) => void = () => undefined) {
    this.#start = start;
    this.#onMessage = onMessage;
    this.#child = this.#begin();
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  stop(): void {
    this.#isStopped = true;
    this.#child.kill('SIGKILL');
  }

  #begin(): ChildProcess {
    const child = this.#start();
    child.on('message', this.#onMessage);
    void this.#follow(child);
    return child;
  }

  async #follow(child: ChildProcess): Promise<void> {
    await once(child, 'exit');
    await sleep(100);
    if (!this.#isStopped) this.#child = this.#begin();
  }
}
