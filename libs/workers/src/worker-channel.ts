import { limitAddresses } from '@cassl/storage';

export interface WorkerChannel {
  /** Tells the service; without a service (a Kubernetes Job) prints one JSON line to stdout. */
  report(message: object): Promise<void>;
  onMessage(listener: (message: unknown) => void): void;
  /** Aborts on SIGTERM and SIGINT: finish or keep what is done, then exit. */
  readonly signal: AbortSignal;
}

export interface WorkerChannelOptions {
  /**
   * What becomes of the worker when its service dies. `exit`: it ends at once, since the next service starts another one on
   * its job. `stop`: as on SIGTERM, for workers that take their work from a queue. @default 'exit'
   */
  readonly whenAlone?: 'exit' | 'stop';
}

/** The worker's end of `startWorkerProcess`. From here on the process opens no address of a request outside its roots. */
export function workerChannel({ whenAlone = 'exit' }: WorkerChannelOptions = {}): WorkerChannel {
  limitAddresses();
  const stopping = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stopping.abort());
  process.on('disconnect', () => (whenAlone === 'exit' ? process.exit(1) : stopping.abort()));
  return {
    report: (message) =>
      new Promise((resolve) => {
        if (process.send === undefined) {
          process.stdout.write(`${JSON.stringify(message)}\n`, () => resolve());
        } else if (process.connected) {
          process.send(message, undefined, {}, () => resolve());
        } else {
          resolve();
        }
      }),
    onMessage: (listener) => void process.on('message', listener),
    signal: stopping.signal,
  };
}
