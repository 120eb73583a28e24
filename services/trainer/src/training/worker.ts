import { workerMain } from '@cassl/workers';
import type { TrainingMessage } from './training-messages.ts';
import { runTrainingWorker } from './run-training-worker.ts';

await workerMain<TrainingMessage>('training-worker', (context) =>
  runTrainingWorker({ ...context, entry: import.meta.filename }),
);
