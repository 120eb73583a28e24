/** The thread behind `startBatchWorker`. */
import { parentPort, workerData } from 'node:worker_threads';
import { errorCode, errorMessage } from '@cassl/errors';
import type { TrainingSample } from '@cassl/vision';
import { createBatches } from './create-batches.ts';
import type { StartBatchWorkerOptions, WorkerMessage } from './start-batch-worker.ts';

type Prepare = (config: unknown, samples: readonly TrainingSample[]) => unknown;

const port = parentPort!;
const options = workerData as Omit<StartBatchWorkerOptions, 'signal'>;

try {
  const { prepare, start = 0, prefetch = 3 } = options;
  const module = (await import(prepare.module)) as Record<string, Prepare>;
  const prepareBatch = module[prepare.function];
  if (prepareBatch === undefined) throw new TypeError(`${prepare.module} exports no ${prepare.function}`);
  const batches = createBatches(options);
  const waitForRoom = creditCounter(prefetch);
  for (let index = start; ; index++) {
    await waitForRoom();
    const batch = prepareBatch(prepare.config, await batches.at(index));
    post({ kind: 'batch', index, batch, report: batches.report() }, buffersOf(batch));
  }
} catch (error) {
  post({ kind: 'error', code: errorCode(error), message: errorMessage(error) });
}

function post(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** Resolves while fewer than `limit` batches are on their way. */
function creditCounter(limit: number): () => Promise<void> {
  let credits = limit;
  let wake: (() => void) | undefined;
  port.on('message', () => {
    credits++;
    wake?.();
  });
  return async () => {
    if (credits === 0) await new Promise<void>((resolve) => (wake = resolve));
    credits--;
  };
}

/** Every buffer in a tree of plain data, once. */
function buffersOf(value: unknown, found = new Set<ArrayBuffer>()): ArrayBuffer[] {
  if (ArrayBuffer.isView(value)) {
    if (value.buffer instanceof ArrayBuffer) found.add(value.buffer);
  } else if (typeof value === 'object' && value !== null) {
    for (const part of Object.values(value)) buffersOf(part, found);
  }
  return [...found];
}
