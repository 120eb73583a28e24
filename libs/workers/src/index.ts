export {
  startWorkerProcess,
  type WorkerExit,
  type WorkerProcess,
  type WorkerProcessOptions,
} from './worker-process.ts';
export { isWorkerFailure, workerMain, type WorkerContext, type WorkerFailure } from './worker-main.ts';
export { workerChannel, type WorkerChannel, type WorkerChannelOptions } from './worker-channel.ts';
export { describeEngine } from './describe-engine.ts';
export type { RegistryClient } from './registry-client.ts';
export { openModel, type OpenModel } from './open-model.ts';
export { checkExists, checkLabeledDataset } from './check-labeled-dataset.ts';
export { openLabeledDataset } from './open-labeled-dataset.ts';
export { detectWithOptions } from './detect-with-options.ts';
export type { InferenceOptions } from './inference-options.ts';
