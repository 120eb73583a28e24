import { join } from 'node:path';
import { CasslError, deadlineExceeded, internal, unavailable, type ErrorCode } from '@cassl/errors';
import { startWorkerProcess, type WorkerExit } from '@cassl/workers/worker-process';
import type { ModelSpec } from '../models/open-batch-model.ts';
import type { PipelineItem, PipelineOptions } from '../pipeline/pipeline.ts';
import type { FromModel, ModelAnswer, ModelFacts, ToModel } from './model-messages.ts';
import { standBack, stepAside } from './process-priority.ts';

const MAIN = join(import.meta.dirname, 'model-process-main.ts');

export interface ModelProcessOptions {
  readonly spec: ModelSpec;
  readonly pipeline: PipelineOptions;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** From start to warm. */
  readonly loadTimeoutMs: number;
  /** Silence, while images are inside, after which the process is taken for hung and killed. */
  readonly hangMs: number;
  /** Others serve while it loads: it takes of the processor what they leave. */
  readonly isPatient?: boolean;
}

/** The runtime's end of one model process. */
export interface ModelProcess {
  readonly pid: number | undefined;
  /** Loaded and warm. @throws what the model's loading threw; DEADLINE_EXCEEDED after `loadTimeoutMs` */
  readonly ready: Promise<ModelFacts>;
  readonly residentBytes: number;
  /** Rejects with `ModelProcessDied` where the process ends first. */
  submit(item: PipelineItem, signal: AbortSignal | undefined): Promise<ModelAnswer>;
  readonly exited: Promise<WorkerExit>;
  stop(graceMs: number): Promise<void>;
}

/** The process ended with this image inside: perhaps because of it. */
export class ModelProcessDied extends Error {
  override readonly name = 'ModelProcessDied';
}

interface Asked {
  readonly resolve: (answer: ModelAnswer) => void;
  readonly reject: (error: unknown) => void;
}

export function startModelProcess(options: ModelProcessOptions): ModelProcess {
  const asked = new Map<number, Asked>();
  const ready = Promise.withResolvers<ModelFacts>();
  let residentBytes = 0;
  let nextId = 1;
  let watchdog: NodeJS.Timeout | undefined;

  const watch = (): void => {
    clearTimeout(watchdog);
    watchdog = asked.size === 0 ? undefined : setTimeout(() => void worker.stop(0), options.hangMs);
  };
  const onMessage = (message: FromModel): void => {
    if (message.kind === 'loaded') {
      residentBytes = message.facts.residentBytes;
      void endLoading().then(() => ready.resolve(message.facts));
    } else if (message.kind === 'refused') {
      ready.reject(new CasslError(message.code as ErrorCode, message.message));
    } else if (message.kind === 'memory') {
      residentBytes = message.residentBytes;
    } else {
      const waiting = asked.get(message.id);
      asked.delete(message.id);
      watch();
      if (message.kind === 'answer') waiting?.resolve(message.answer);
      else waiting?.reject(new CasslError(message.code as ErrorCode, message.message));
    }
  };
  const worker = startWorkerProcess({
    entry: MAIN,
    env: { UV_THREADPOOL_SIZE: '8', ...options.env },
    onMessage: (message) => onMessage(message as FromModel),
  });
  const send = (message: ToModel): boolean => worker.send(message);
  const late = setTimeout(() => {
    ready.reject(deadlineExceeded(`the model was not loaded and warm within ${options.loadTimeoutMs} ms`));
    void worker.stop(0);
  }, options.loadTimeoutMs);
  const exited = worker.exited.then((exit) => {
    clearTimeout(watchdog);
    ready.reject(unavailable(`the model's process ended while it loaded (${describeExit(exit)})`));
    for (const { reject } of asked.values()) reject(new ModelProcessDied(describeExit(exit)));
    asked.clear();
    return exit;
  });
  const back = options.isPatient === true ? standBack(worker.pid) : undefined;
  const endLoading = async (): Promise<void> => {
    clearTimeout(late);
    await back?.end();
  };
  ready.promise.catch(endLoading);
  send({ kind: 'load', spec: options.spec, options: options.pipeline });

  return {
    pid: worker.pid,
    ready: ready.promise,
    exited,
    get residentBytes() {
      return residentBytes;
    },
    submit(item, signal) {
      const id = nextId++;
      const cancel = (): void => void send({ kind: 'cancel', id });
      return new Promise<ModelAnswer>((resolve, reject) => {
        if (!send({ kind: 'infer', id, item })) {
          // A full pipe says false as a dead one does; only the dead one is gone.
          if (!worker.isConnected) return reject(new ModelProcessDied('it is gone'));
        }
        asked.set(id, { resolve, reject });
        if (watchdog === undefined) watch();
        signal?.addEventListener('abort', cancel, { once: true });
      }).finally(() => signal?.removeEventListener('abort', cancel));
    },
    async stop(graceMs) {
      stepAside(worker.pid);
      await worker.stop(graceMs);
    },
  };
}

function describeExit({ code, signal }: WorkerExit): string {
  return signal === null ? `exit code ${code}` : `signal ${signal}`;
}

export function unexpected(error: unknown): CasslError {
  return error instanceof CasslError ? error : internal('the model process failed', { cause: error });
}
