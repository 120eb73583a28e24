import { errorCode, errorMessage } from '@cassl/errors';
import { parentPort, workerData } from 'node:worker_threads';
import { fillColumns, type FillTask } from './fill-columns.ts';
import type { ScanFailure } from './scan-set.ts';

// A thread of its own: a set of 10^6 images keeps it busy for a minute, while pages go on being answered.
try {
  await fillColumns(workerData as FillTask);
} catch (error) {
  // An error that leaves a thread by itself loses its code.
  const failure: ScanFailure = { code: errorCode(error), message: errorMessage(error) };
  parentPort?.postMessage(failure);
}
