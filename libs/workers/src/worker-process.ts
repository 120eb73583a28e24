import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

export interface WorkerProcessOptions {
  /** The worker's entry file. */
  readonly entry: string;
  readonly argv?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly onMessage: (message: unknown) => void;
  /** Each line that it writes to stderr, which goes to this process's stderr all the same. */
  readonly onLine?: (line: string) => void;
}

/** How a worker went away: an exit code, or the signal that killed it. */
export interface WorkerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A child process that does the heavy work of a service, so that the service itself always answers. */
export interface WorkerProcess {
  readonly pid: number | undefined;
  /** False where the worker is gone already, or where messages pile up: they still arrive. */
  send(message: unknown): boolean;
  /** False once messages no longer reach it. */
  readonly isConnected: boolean;
  readonly exited: Promise<WorkerExit>;
  /** SIGTERM, and SIGKILL after `graceMs`. @default 10_000 */
  stop(graceMs?: number): Promise<WorkerExit>;
}

/**
 * Starts a worker. It inherits stdout and stderr, talks over an IPC channel, and sees that channel close when this process
 * dies, however it dies: `workerChannel` then ends it.
 */
export function startWorkerProcess(options: WorkerProcessOptions): WorkerProcess {
  const child: ChildProcess = fork(options.entry, [...(options.argv ?? [])], {
    env: { ...process.env, ...options.env },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', options.onLine === undefined ? 'inherit' : 'pipe', 'ipc'],
  });
  child.on('message', options.onMessage);
  if (child.stderr !== null) {
    child.stderr.pipe(process.stderr, { end: false });
    createInterface(child.stderr).on('line', (line) => options.onLine?.(line));
  }
  const exited = new Promise<WorkerExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => resolve({ code: -1, signal: null }));
  });
  return {
    pid: child.pid,
    send(message) {
      if (!child.connected) return false;
      return child.send(message as object, (error) => void error);
    },
    get isConnected() {
      return child.connected;
    },
    exited,
    async stop(graceMs = 10_000) {
      child.kill('SIGTERM');
      const timeout = new AbortController();
      const killer = delay(graceMs, undefined, { signal: timeout.signal }).then(
        () => child.kill('SIGKILL'),
        () => false,
      );
      const exit = await exited;
      timeout.abort();
      await killer;
      return exit;
    },
  };
}
