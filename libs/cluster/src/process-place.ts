import { failedPrecondition } from '@cassl/errors';
import { startWorkerProcess } from '@cassl/workers';
import type { Task, Work, WorkEnd, WorkPlace } from './work-place.ts';

export interface ProcessPlaceOptions {
  /** The entry file of each kind of work; it gets the task's folder as its argument. */
  readonly entries: Readonly<Record<string, string>>;
  /** Between SIGTERM and SIGKILL. @default 10_000 */
  readonly graceMs?: number;
}

const KEPT_LINES = 50;

/** Runs work in child processes, which die with this one. */
export function processPlace({ entries, graceMs }: ProcessPlaceOptions): WorkPlace {
  const running = new Map<string, Work>();

  const start = (task: Task): Work => {
    const { kind, id, folder, env = {}, nodes = 1 } = task;
    const key = `${kind} ${id}`;
    const known = running.get(key);
    if (known !== undefined) return known;
    const entry = entries[kind];
    if (entry === undefined) throw new TypeError(`no worker for ${kind}`);
    if (nodes > 1) {
      throw failedPrecondition(
        `${kind} ${id} asks for ${nodes} nodes, but its work runs as processes of this machine`,
      );
    }
    const lines: string[] = [];
    const worker = startWorkerProcess({
      entry,
      argv: [folder],
      env,
      onMessage: task.onMessage,
      onLine: (line) => {
        lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
      },
    });
    let isStopped = false;
    const ended = worker.exited.then(({ code, signal }): WorkEnd => {
      running.delete(key);
      if (isStopped) return { outcome: 'stopped', reason: 'stopped' };
      if (code === 0) return { outcome: 'succeeded', reason: '' };
      return { outcome: 'failed', reason: `the worker ended with ${signal ?? `exit code ${code}`}` };
    });
    const stop = async (): Promise<WorkEnd> => {
      isStopped = true;
      await worker.stop(graceMs);
      return ended;
    };
    const work: Work = {
      name: String(worker.pid),
      ended,
      stop,
      leave: async () => void (await stop()),
      lastLines: (count) => Promise.resolve(lines.slice(-count)),
    };
    running.set(key, work);
    return work;
  };

  return {
    start: (task) => Promise.resolve().then(() => start(task)),
    running: (kind) => {
      const keys = [...running.keys()].filter((key) => key.startsWith(`${kind} `));
      return Promise.resolve(keys.map((key) => key.slice(kind.length + 1)));
    },
    end: async (kind, id) => void (await running.get(`${kind} ${id}`)?.stop()),
    close: async () => void (await Promise.all([...running.values()].map((work) => work.stop()))),
  };
}
