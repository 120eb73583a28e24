export interface WorkerChannel {
  /** Tells the service; without a service (a Kubernetes Job) prints one JSON line to stdout. */
  report(message: object): Promise<void>;
  onMessage(listener: (message: unknown) => void): void;
  /** Aborts on SIGTERM and SIGINT: finish or keep what is done, then exit. */
  readonly signal: AbortSignal;
}

/** The worker's end of `startWorkerProcess`. Once the service is gone, so is the worker: another one may be on its job. */
export function workerChannel(): WorkerChannel {
  const stopping = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stopping.abort());
  process.on('disconnect', () => process.exit(1));
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
