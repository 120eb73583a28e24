/** A training worker that keeps what it trained in its folder, so that tests need no registry. */
import { join } from 'node:path';
import { writeSafetensors } from '@cassl/checkpoints';
import { workerMain } from '@cassl/workers';
import { runTrainingWorker } from './run-training-worker.ts';
import type { TrainingMessage } from './training-messages.ts';

await workerMain<TrainingMessage>('test-rank', (context) =>
  runTrainingWorker({
    ...context,
    entry: import.meta.filename,
    publish: async ({ folder, detector }) => {
      await writeSafetensors(join(folder, 'model.safetensors'), await detector.stateDict());
      return 'kept';
    },
  }),
);
