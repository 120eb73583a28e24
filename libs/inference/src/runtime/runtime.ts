import { errorMessage, notFound, unavailable } from '@cassl/errors';
import type { InferAnswer, InferRequest } from '../inference-request.ts';
import { fillRequest } from './fill-request.ts';
import { chooseEvictions, type MemoryBudget } from './memory-budget.ts';
import type { ModelStatistics } from './model-statistics.ts';
import {
  keepModel,
  type FoundModel,
  type ModelSettings,
  type ModelState,
  type ResidentModel,
} from './resident-model.ts';

/** Finds a model by alias or digest and brings its file here. @throws NOT_FOUND, FAILED_PRECONDITION, UNAVAILABLE */
export type FindModel = (reference: string, signal?: AbortSignal) => Promise<FoundModel>;

export interface RuntimeLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface RuntimeOptions extends ModelSettings {
  readonly findModel: FindModel;
  readonly budget: MemoryBudget;
  readonly logger: RuntimeLogger;
  /** How old an answer about an alias may be. @default 2000 */
  readonly aliasTtlMs?: number;
  /** What unloading waits for the images that a model has. @default 30_000 */
  readonly unloadGraceMs?: number;
}

/** One resident model, for people and protocols. */
export interface ModelReport {
  readonly digest: string;
  /** References by which it was asked for, its digest aside. */
  readonly names: readonly string[];
  readonly state: ModelState;
  readonly reason: string;
  readonly isPinned: boolean;
  readonly residentBytes: number;
  /** Images that wait or are being computed. */
  readonly pending: number;
  readonly found: FoundModel;
  readonly statistics: ModelStatistics;
}

/** Any number of resident models, each in a process of its own. */
export interface InferenceRuntime {
  /**
   * Detects in one image, loading the model first where it is not resident.
   * @throws INVALID_ARGUMENT for a bad request or image, NOT_FOUND for an unknown model, FAILED_PRECONDITION for one that cannot
   *   detect, RESOURCE_EXHAUSTED for a full queue or no memory for the model, DEADLINE_EXCEEDED, CANCELLED, UNAVAILABLE while draining
   */
  infer(request: InferRequest): Promise<InferAnswer>;
  /** The checkpoint that a reference means now. */
  find(reference: string, signal?: AbortSignal): Promise<FoundModel>;
  /** Loads and warms a model; a pinned one is never evicted and counts for `isReady`. */
  load(
    reference: string,
    options?: { readonly pin?: boolean; readonly signal?: AbortSignal },
  ): Promise<ModelReport>;
  /** Takes nothing new, answers what waits, ends the process. @throws NOT_FOUND where it is not resident */
  unload(reference: string): Promise<void>;
  /** Without a reference: whether every pinned model is warm and the runtime is not draining. */
  isReady(reference?: string): boolean;
  list(): ModelReport[];
  /** From now on requests get UNAVAILABLE; those accepted are answered. */
  drain(): void;
  /** Drains, waits for the answers, ends all processes. */
  stop(graceMs?: number): Promise<void>;
}

interface Route {
  at: number;
  found: Promise<FoundModel>;
}

export function openRuntime(options: RuntimeOptions): InferenceRuntime {
  const { findModel, budget, logger, aliasTtlMs = 2000, unloadGraceMs = 30_000 } = options;
  const residents = new Map<string, ResidentModel>();
  const routes = new Map<string, Route>();
  const pinned = new Set<string>();
  const running = new Set<Promise<unknown>>();
  let isDraining = false;

  const find = (reference: string, signal?: AbortSignal): Promise<FoundModel> => {
    const known = routes.get(reference);
    if (known !== undefined && performance.now() - known.at < aliasTtlMs) return known.found;
    const found = findModel(reference, signal);
    const route: Route = { at: performance.now(), found };
    routes.set(reference, route);
    found.catch((error: unknown) => {
      // A registry that does not answer is no reason to forget a model that is here.
      if (routes.get(reference) !== route) return;
      if (known === undefined) routes.delete(reference);
      else routes.set(reference, { at: performance.now(), found: known.found });
      logger.warn({ model: reference, err: errorMessage(error) }, 'a model could not be looked up');
    });
    return known === undefined ? found : found.catch(() => known.found);
  };

  const isPinned = ({ found }: ResidentModel): boolean => pinned.has(found.digest);

  const resident = (found: FoundModel): ResidentModel => {
    const known = residents.get(found.digest);
    if (known !== undefined && known.state !== 'failed' && known.state !== 'unloaded') return known;
    residents.delete(found.digest);
    for (const old of chooseEvictions(found, [...residents.values()], isPinned, budget))
      void retire(old, 'evicted');
    const model = keepModel(found, options);
    residents.set(found.digest, model);
    model.ready.then(
      ({ engine, residentBytes }) =>
        logger.info({ digest: found.digest, engine, residentBytes }, 'model ready'),
      (error: unknown) => logger.warn({ digest: found.digest, err: errorMessage(error) }, 'model not loaded'),
    );
    return model;
  };

  const retire = async (model: ResidentModel, why: string): Promise<void> => {
    const { digest } = model.found;
    if (residents.get(digest) === model) residents.delete(digest);
    logger.info({ digest, why }, 'model unloads');
    await model.drain(unloadGraceMs);
  };

  const report = (model: ResidentModel): ModelReport => {
    const { found, state, reason, residentBytes, pending } = model;
    const { digest } = found;
    const names = [...namesOf(digest)];
    return {
      digest,
      names,
      state,
      reason,
      isPinned: isPinned(model),
      residentBytes,
      pending,
      found,
      statistics: model.statistics(),
    };
  };

  const names = new Map<string, string>();
  const namesOf = (digest: string): string[] =>
    [...names].filter(([name, of]) => of === digest && name !== digest).map(([name]) => name);

  const residentOf = async (reference: string, signal?: AbortSignal): Promise<ResidentModel> => {
    const found = await find(reference, signal);
    names.set(reference, found.digest);
    return resident(found);
  };

  const infer = async (request: InferRequest): Promise<InferAnswer> => {
    if (isDraining) throw unavailable('inference is stopping; try again');
    const filled = await fillRequest(request);
    return (await residentOf(request.model, request.signal)).infer(filled);
  };

  return {
    infer(request) {
      const answer = infer(request);
      const settled: Promise<void> = answer
        .then(
          () => undefined,
          () => undefined,
        )
        .finally(() => running.delete(settled));
      running.add(settled);
      return answer;
    },
    find,
    async load(reference, { pin = false, signal } = {}) {
      const model = await residentOf(reference, signal);
      if (pin) pinned.add(model.found.digest);
      await model.ready;
      return report(model);
    },
    async unload(reference) {
      const digest = names.get(reference) ?? reference;
      const model = residents.get(digest);
      if (model === undefined) throw notFound(`model ${reference} is not loaded`);
      pinned.delete(digest);
      await retire(model, 'asked to');
    },
    isReady(reference) {
      if (isDraining) return false;
      if (reference === undefined)
        return [...pinned].every((digest) => residents.get(digest)?.state === 'ready');
      return residents.get(names.get(reference) ?? reference)?.state === 'ready';
    },
    list: () => [...residents.values()].map(report),
    drain: () => {
      isDraining = true;
    },
    async stop(graceMs = unloadGraceMs) {
      isDraining = true;
      await Promise.race([
        Promise.all(running),
        new Promise((resolve) => setTimeout(resolve, graceMs).unref()),
      ]);
      await Promise.all([...residents.values()].map((model) => model.drain(0)));
      residents.clear();
    },
  };
}
