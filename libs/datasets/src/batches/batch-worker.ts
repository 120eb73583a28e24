/** The thread behind `startBatchWorker`. */
import { parentPort, workerData } from 'node:worker_threads';
import { errorCode, errorMessage } from '@cassl/errors';
import type { TrainingSample } from '@cassl/vision';
import { createBatches } from './create-batches.ts';
import type { MessageToWorker, StartBatchWorkerOptions, WorkerMessage } from './start-batch-worker.ts';

type Prepare = (config: unknown, samples: readonly TrainingSample[], agreement?: unknown) => unknown;

const port = parentPort!;
const options = workerData as Omit<StartBatchWorkerOptions, 'signal' | 'agree'>;

try {
  const { prepare, start = 0, prefetch = 3 } = options;
  const module = (await import(prepare.module)) as Record<string, Prepare>;
  const exported = (name: string): Prepare => {
    const found = module[name];
    if (found === undefined) throw new TypeError(`${prepare.module} exports no ${name}`);
    return found;
  };
  const prepareBatch = exported(prepare.function);
  const survey = prepare.survey === undefined ? undefined : exported(prepare.survey);
  const batches = createBatches(options);
  let told = 0;
  const finish = (index: number, samples: readonly TrainingSample[], agreement?: unknown): void => {
    const batch = prepareBatch(prepare.config, samples, agreement);
    const unreadable = batches.unreadable.slice(told);
    told += unreadable.length;
    post({ kind: 'batch', index, batch, imageCount: batches.imageCount, unreadable }, buffersOf(batch));
  };
  const surveyed = new Map<number, readonly TrainingSample[]>();
  const waitForRoom = creditCounter(prefetch, (index, agreement) => {
    const samples = surveyed.get(index)!;
    surveyed.delete(index);
    finish(index, samples, agreement);
  });
  for (let index = start; ; index++) {
    await waitForRoom();
    const samples = await batches.at(index);
    if (survey === undefined) {
      finish(index, samples);
      continue;
    }
    surveyed.set(index, samples);
    post({ kind: 'survey', index, survey: survey(prepare.config, samples) });
  }
} catch (error) {
  fail(error);
}

function fail(error: unknown): void {
  post({ kind: 'error', code: errorCode(error), message: errorMessage(error) });
}

function post(message: WorkerMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

/** Resolves while fewer than `limit` batches are on their way. */
function creditCounter(
  limit: number,
  onAgreement: (index: number, agreement: unknown) => void,
): () => Promise<void> {
  let credits = limit;
  let wake: (() => void) | undefined;
  port.on('message', (message: MessageToWorker) => {
    if (message.kind === 'agreed') {
      try {
        onAgreement(message.index, message.agreement);
      } catch (error) {
        fail(error);
      }
      return;
    }
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
