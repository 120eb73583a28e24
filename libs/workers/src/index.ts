export {
  startWorkerProcess,
  type WorkerExit,
  type WorkerProcess,
  type WorkerProcessOptions,
} from './worker-process.ts';
export { workerChannel, type WorkerChannel } from './worker-channel.ts';
