import { errorMessage, notFound, unavailable } from '@cassl/errors';
import type { InferAnswer, InferRequest } from '../inference-request.ts';
import { fillRequest } from './fill-request.ts';
import { chooseEvictions, type MemoryBudget } from './memory-budget.ts';
import { answerOnTrial } from './answer-on-trial.ts';
import type { ModelStatistics } from './model-statistics.ts';
import {
  keepModel,
  type FoundModel,
  type ModelSettings,
  type ModelState,
  type ResidentModel,
} from './resident-model.ts';
import { openRoutes, type FindModel } from './routes.ts';
import { startTrial, type Trial, type TrialReport, type TrialSettings } from './trial.ts';

export interface RuntimeLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface RuntimeOptions extends ModelSettings {
  readonly findModel: FindModel;
  readonly budget: MemoryBudget;
  readonly logger: RuntimeLogger;
  /** How often aliases are looked up again. @default 2000 */
  readonly aliasRefreshMs?: number;
  /** What unloading waits for the images that a model has. @default 30_000 */
  readonly unloadGraceMs?: number;
  /** A model that did not come up fails its requests for so long without being loaded again. @default 30_000 */
  readonly retryAfterMs?: number;
}

/** One resident model, for people and protocols. */
export interface ModelReport {
  readonly digest: string;
  /** Names that mean it now, its digest aside. */
  readonly names: readonly string[];
  readonly state: ModelState;
  /** Why it failed. */
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
  /** The checkpoint that a name means now. */
  find(reference: string, signal?: AbortSignal): Promise<FoundModel>;
  /** Loads and warms a model; the model behind a pinned name is never evicted and counts for `isReady`. */
  load(
    reference: string,
    options?: {
      readonly pin?: boolean;
      readonly signal?: AbortSignal;
      /** Also where it failed a moment ago. @default false */
      readonly again?: boolean;
    },
  ): Promise<ModelReport>;
  /** Takes nothing new, answers what waits, ends the process. @throws NOT_FOUND where it is not resident */
  unload(reference: string): Promise<void>;
  /** Without a reference: whether every pinned model is warm and the runtime is not draining. */
  isReady(reference?: string): boolean;
  list(): ModelReport[];
  /** Puts a second model beside the one that serves a name, or ends the trial. It takes part once it is warm. */
  setTrial(name: string, trial: TrialSettings | undefined): void;
  /** Trials by name, with those that were rolled back. */
  trials(): ReadonlyMap<string, TrialReport>;
  /** Looks aliases up again now; resolves when those that moved have been taken over. */
  refresh(): Promise<void>;
  /** From now on requests get UNAVAILABLE; those accepted are answered. */
  drain(): void;
  /** Drains, waits for the answers, ends all processes. */
  stop(graceMs?: number): Promise<void>;
}

export function openRuntime(options: RuntimeOptions): InferenceRuntime {
  const { findModel, budget, logger, aliasRefreshMs = 2000 } = options;
  const { unloadGraceMs = 30_000, retryAfterMs = 30_000 } = options;
  const residents = new Map<string, ResidentModel>();
  const leaving = new Set<Promise<void>>();
  const pinned = new Set<string>();
  const trials = new Map<string, Trial>();
  const running = new Set<Promise<unknown>>();
  let isDraining = false;

  const routes = openRoutes({
    findModel,
    refreshMs: aliasRefreshMs,
    prepare: (next) => resident(next).ready,
    onMove: (name, from, to) => {
      logger.info({ model: name, from: from.digest, to: to.digest }, 'a name serves another model');
      const old = residents.get(from.digest);
      const isWanted = pinned.has(from.digest) || routes.namesOf(from.digest).length > 0;
      if (old !== undefined && !isWanted) void retire(old, 'its name has moved');
    },
    onProblem: (name, message) =>
      logger.warn({ model: name, err: message }, 'a name could not be followed; it serves what it did'),
  });

  const isPinned = ({ found: { digest } }: ResidentModel): boolean =>
    pinned.has(digest) || routes.namesOf(digest).some((name) => pinned.has(name));

  const isOver = ({ state, failedAt }: ResidentModel, again: boolean): boolean =>
    state === 'unloaded' || (state === 'failed' && (again || Date.now() - failedAt >= retryAfterMs));

  const resident = (found: FoundModel, again = false): ResidentModel => {
    const known = residents.get(found.digest);
    if (known !== undefined && !isOver(known, again)) return known;
    residents.delete(found.digest);
    for (const old of chooseEvictions(found, [...residents.values()], isPinned, budget))
      void retire(old, 'evicted');
    const isPatient = [...residents.values()].some(({ state }) => state === 'ready');
    const model = keepModel(found, { ...options, isPatient });
    residents.set(found.digest, model);
    model.ready.then(
      ({ engine, residentBytes }) =>
        logger.info({ digest: found.digest, engine, residentBytes }, 'model ready'),
      (error: unknown) => logger.warn({ digest: found.digest, err: errorMessage(error) }, 'model not loaded'),
    );
    return model;
  };

  const retire = (model: ResidentModel, why: string): Promise<void> => {
    const { digest } = model.found;
    if (residents.get(digest) === model) residents.delete(digest);
    logger.info({ digest, why }, 'model unloads');
    const left: Promise<void> = model.drain(unloadGraceMs).finally(() => leaving.delete(left));
    leaving.add(left);
    return left;
  };

  /** A model on trial, once it is warm; until then it is being loaded and nobody waits for it. */
  const onTrial = (trial: Trial): ResidentModel | undefined => {
    const found = routes.known(trial.settings.model);
    const model = found && residents.get(found.digest);
    if (model?.state === 'ready') return model;
    if (model === undefined) {
      routes
        .find(trial.settings.model)
        .then((found) => resident(found))
        .catch((error: unknown) =>
          logger.warn({ model: trial.settings.model, err: errorMessage(error) }, 'a trial is not loaded'),
        );
    }
    return undefined;
  };

  const infer = async (request: InferRequest): Promise<InferAnswer> => {
    if (isDraining) throw unavailable('inference is stopping; try again');
    const filled = await fillRequest(request);
    const serving = resident(await routes.find(request.model, request.signal));
    const trial = trials.get(request.model);
    if (trial === undefined || trial.isOver) return serving.infer(filled);
    return answerOnTrial({
      trial,
      candidate: onTrial(trial),
      serving,
      request: filled,
      asked: request.canary,
    });
  };

  const report = (model: ResidentModel): ModelReport => {
    const { found, state, reason, residentBytes, pending } = model;
    const { digest } = found;
    const facts = { digest, names: routes.namesOf(digest), state, reason, residentBytes, pending, found };
    return { ...facts, isPinned: isPinned(model), statistics: model.statistics() };
  };
  const residentBehind = (reference: string): ResidentModel | undefined =>
    residents.get(routes.known(reference)?.digest ?? reference);

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
    find: (reference, signal) => routes.find(reference, signal),
    async load(reference, { pin = false, signal, again } = {}) {
      const model = resident(await routes.find(reference, signal), again);
      if (pin) pinned.add(reference);
      await model.ready;
      return report(model);
    },
    async unload(reference) {
      const model = residentBehind(reference);
      if (model === undefined) throw notFound(`model ${reference} is not loaded`);
      for (const name of [reference, model.found.digest]) pinned.delete(name);
      await retire(model, 'asked to');
    },
    isReady(reference) {
      if (isDraining) return false;
      const wanted = reference === undefined ? [...pinned] : [reference];
      return wanted.every((name) => residentBehind(name)?.state === 'ready');
    },
    list: () => [...residents.values()].map(report),
    setTrial(name, settings) {
      if (settings === undefined) return void trials.delete(name);
      const onEnd = (reason: string): void =>
        logger.warn({ model: name, candidate: settings.model, reason }, 'a trial was rolled back');
      const trial = startTrial(settings, onEnd);
      trials.set(name, trial);
      onTrial(trial);
    },
    trials: () => new Map([...trials].map(([name, trial]) => [name, trial.report()])),
    refresh: () => routes.refresh(),
    drain: () => {
      isDraining = true;
    },
    async stop(graceMs = unloadGraceMs) {
      isDraining = true;
      routes.close();
      await Promise.race([
        Promise.all(running),
        new Promise((resolve) => setTimeout(resolve, graceMs).unref()),
      ]);
      await Promise.all([...[...residents.values()].map((model) => model.drain(0)), ...leaving]);
      residents.clear();
    },
  };
}
