import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@cassl/rpc';
import { startWorkerProcess, type WorkerProcess } from '@cassl/workers';

const WORKER = join(import.meta.dirname, 'label-worker.ts');
const RESTART_AFTER_MS = 1000;

/** Keeps `count` label workers running; one that dies is started again, its shard goes to whoever asks first. */
export function runLabelWorkers(count: number, logger: Logger): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const workers = new Set<WorkerProcess>();

  const keepOne = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const worker = startWorkerProcess({ entry: WORKER, onMessage: () => undefined });
      workers.add(worker);
      logger.info({ workerPid: worker.pid }, 'label worker started');
      const exit = await worker.exited;
      workers.delete(worker);
      if (stopping.signal.aborted) return;
      logger.warn({ exit, workerPid: worker.pid }, 'label worker died, starting another');
      await delay(RESTART_AFTER_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const slots = Array.from({ length: count }, keepOne);
  return {
    async stop() {
      stopping.abort();
      await Promise.all([...workers].map((worker) => worker.stop(30_000)));
      await Promise.all(slots);
    },
  };
}
