import { unavailable } from '@cassl/errors';
import type { InferAnswer, ModelIdentity } from '../inference-request.ts';
import type { ModelSpec } from '../models/open-batch-model.ts';
import type { ModelFacts } from './model-messages.ts';
import { ModelProcessDied, startModelProcess, unexpected, type ModelProcess } from './model-process.ts';
import { createModelQueue, type QueueEntry, type QueuedRequest } from './model-queue.ts';
import { countStatistics, type ModelStatistics } from './model-statistics.ts';
import type { QueueLimits } from './queue-limits.ts';

/** A model that this machine has, as its source found it. */
export interface FoundModel extends ModelIdentity {
  readonly spec: ModelSpec;
  /** Bytes of its weights; what it needs to run is estimated from them. */
  readonly sizeBytes: number;
}

export interface ModelSettings {
  readonly limits: QueueLimits;
  /** Images of one forward pass, at most. */
  readonly maxBatch: number;
  /** Pixels that one process decodes at the same time. */
  readonly decodePixels: number;
  /** From the start of a process to a warm model. */
  readonly loadTimeoutMs: number;
  /** Silence, with images inside, after which a process is killed and started again. */
  readonly hangMs: number;
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface KeepOptions extends ModelSettings {
  /** Others serve while it loads for the first time. */
  readonly isPatient: boolean;
}

export type ModelState = 'loading' | 'ready' | 'draining' | 'failed' | 'unloaded';

/** A model with its process and its queue. */
export interface ResidentModel {
  readonly found: FoundModel;
  readonly state: ModelState;
  /** Why it failed. */
  readonly reason: string;
  /** Unix time in milliseconds; 0 where it has not. */
  readonly failedAt: number;
  /** Loaded and warm for the first time. */
  readonly ready: Promise<ModelFacts>;
  readonly residentBytes: number;
  /** Images that wait or are being computed. */
  readonly pending: number;
  /** Unix time in milliseconds. */
  readonly lastUsedAt: number;
  infer(request: QueuedRequest): Promise<InferAnswer>;
  statistics(): ModelStatistics;
  /** Takes nothing new, answers what it has for at most `graceMs`, then ends its process. */
  drain(graceMs: number): Promise<void>;
}

/** Images inside the process, for each of a forward pass: enough that mixed sizes find company. */
const AHEAD = 4;
/** Pause before a process that died is started again; doubled from death to death. */
const RESTART_AFTER_MS = 500;
const RESTART_AT_MOST_MS = 60_000;

export function keepModel(found: FoundModel, settings: KeepOptions): ResidentModel {
  const counter = countStatistics();
  const inside = new Set<QueueEntry>();
  const ready = Promise.withResolvers<ModelFacts>();
  /** Who waits for the last answer. */
  let onEmpty: (() => void) | undefined;
  let state: ModelState = 'loading';
  let reason = '';
  let failedAt = 0;
  let lastUsedAt = Date.now();
  let isWarm = false;
  let deaths = 0;
  let restart: NodeJS.Timeout | undefined;
  let process: ModelProcess;
  ready.promise.catch(() => undefined);

  const start = (): ModelProcess => {
    const { maxBatch, decodePixels, env, loadTimeoutMs, hangMs } = settings;
    const pipeline = { maxBatch, decodePixels };
    const isPatient = settings.isPatient && deaths === 0;
    const started = startModelProcess({ spec: found.spec, pipeline, env, loadTimeoutMs, hangMs, isPatient });
    started.ready.then(onReady, onRefused);
    void started.exited.then(onExit);
    return started;
  };
  const onReady = (facts: ModelFacts): void => {
    ready.resolve(facts);
    isWarm = true;
    if (state === 'loading') state = 'ready';
    pump();
  };
  const onRefused = (error: unknown): void => {
    if (state !== 'loading') return;
    const known = unexpected(error);
    state = 'failed';
    failedAt = Date.now();
    reason = known.message;
    ready.reject(known);
    queue.close(known);
  };
  const onExit = (): void => {
    isWarm = false;
    // Nobody is left to answer what it has.
    if (state === 'draining') return onEmpty?.();
    if (state !== 'ready') return;
    state = 'loading';
    deaths += 1;
    const pause = Math.min(RESTART_AT_MOST_MS, RESTART_AFTER_MS * 2 ** (deaths - 1));
    restart = setTimeout(() => (process = start()), pause);
  };

  const pump = (): void => {
    while (isWarm) {
      const entry = queue.first;
      if (entry === undefined || !hasRoom(entry)) break;
      queue.take();
      void send(entry);
    }
    if (queue.size + inside.size === 0) onEmpty?.();
  };
  const hasRoom = (entry: QueueEntry): boolean => {
    const isAlone = entry.isSuspect || [...inside].some(({ isSuspect }) => isSuspect);
    return isAlone ? inside.size === 0 : inside.size < settings.maxBatch * AHEAD;
  };
  const send = async (entry: QueueEntry): Promise<void> => {
    inside.add(entry);
    try {
      const { image, options, priority, expiresAt, signal } = entry;
      const answer = await process.submit({ image, options, priority, expiresAt }, signal);
      deaths = 0;
      inside.delete(entry);
      entry.resolve(answer);
    } catch (error) {
      inside.delete(entry);
      giveUp(entry, error);
    }
    pump();
  };
  const giveUp = (entry: QueueEntry, error: unknown): void => {
    if (!(error instanceof ModelProcessDied)) return entry.reject(unexpected(error));
    if (state === 'unloaded') return entry.reject(unavailable(UNLOADED));
    if (entry.isSuspect) {
      return entry.reject(unavailable(`the model's process died twice on this image (${error.message})`));
    }
    entry.isSuspect = true;
    queue.putBack(entry);
  };

  const queue = createModelQueue({
    limits: settings.limits,
    inside: () => inside.size,
    msPerImage: () => counter.msPerImage,
    onChange: () => pump(),
  });
  process = start();
  return {
    found,
    get state() {
      return state;
    },
    get reason() {
      return reason;
    },
    get failedAt() {
      return failedAt;
    },
    ready: ready.promise,
    get residentBytes() {
      return process.residentBytes;
    },
    get pending() {
      return queue.size + inside.size;
    },
    get lastUsedAt() {
      return lastUsedAt;
    },
    statistics: () => counter.read(),
    async infer(request) {
      const arrivedAt = performance.now();
      lastUsedAt = Date.now();
      try {
        const answer = await queue.ask(request);
        const totalMs = performance.now() - arrivedAt;
        const { inputMs, computeMs, outputMs } = answer.metadata;
        const queueMs = Math.max(0, totalMs - inputMs - computeMs - outputMs);
        const metadata = { ...answer.metadata, queueMs };
        counter.succeeded(totalMs, metadata);
        const { digest, categories } = found;
        return { ...answer, metadata, model: { digest, categories } };
      } catch (error) {
        counter.failed(performance.now() - arrivedAt);
        throw error;
      }
    },
    async drain(graceMs) {
      if (state === 'unloaded') return;
      clearTimeout(restart);
      const hasWork = state !== 'failed' && queue.size + inside.size > 0;
      state = 'draining';
      if (hasWork) await Promise.race([new Promise<void>((resolve) => (onEmpty = resolve)), after(graceMs)]);
      state = 'unloaded';
      queue.close(unavailable(UNLOADED));
      await process.stop(STOP_MS);
    },
  };
}

const UNLOADED = 'the model is being unloaded; try again';
/** An idle process ends at once; one that computes is not waited for. */
const STOP_MS = 1_000;

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
