import { workerMain } from '@cassl/workers';
import { runTrainingJob } from './run-training-job.ts';
import type { TrainingMessage } from './training-messages.ts';

await workerMain<TrainingMessage>('training-worker', runTrainingJob);
