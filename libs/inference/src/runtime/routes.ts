import { errorMessage } from '@cassl/errors';
import type { FoundModel } from './resident-model.ts';

/** Finds a model by alias or digest and brings its file here. @throws NOT_FOUND, FAILED_PRECONDITION, UNAVAILABLE */
export type FindModel = (reference: string, signal?: AbortSignal) => Promise<FoundModel>;

export interface RouteOptions {
  readonly findModel: FindModel;
  /** How often names are looked up again. */
  readonly refreshMs: number;
  /** Loads and warms a model that a name has moved to; the name serves the old one until then. */
  readonly prepare: (next: FoundModel) => Promise<unknown>;
  /** A name serves another model from here on. */
  readonly onMove: (name: string, from: FoundModel, to: FoundModel) => void;
  readonly onProblem: (name: string, message: string) => void;
}

/** Which model each name means: an alias that moves goes on meaning the old model until the new one is warm. */
export interface Routes {
  /** The model that serves a name; looked up the first time. */
  find(name: string, signal?: AbortSignal): Promise<FoundModel>;
  /** The same for a name that was found before. */
  known(name: string): FoundModel | undefined;
  /** Names that mean this digest now, its own aside. */
  namesOf(digest: string): string[];
  /** Looks all names up again. */
  refresh(): Promise<void>;
  close(): void;
}

interface Route {
  serving: FoundModel;
  /** On its way up. */
  next: string | undefined;
  /** Why it was not followed the last time: said once. */
  problem: string;
}

export function openRoutes({ findModel, refreshMs, prepare, onMove, onProblem }: RouteOptions): Routes {
  const routes = new Map<string, Route>();
  const asking = new Map<string, Promise<FoundModel>>();

  const ask = (name: string, signal: AbortSignal | undefined): Promise<FoundModel> => {
    const running = asking.get(name);
    if (running !== undefined) return running;
    const asked = findModel(name, signal)
      .then((serving) => {
        routes.set(name, { serving, next: undefined, problem: '' });
        return serving;
      })
      .finally(() => asking.delete(name));
    asking.set(name, asked);
    return asked;
  };

  const refreshOne = async (name: string, route: Route): Promise<void> => {
    try {
      const found = await findModel(name);
      if (found.digest === route.serving.digest || found.digest === route.next) return;
      route.next = found.digest;
      await prepare(found);
      // Moved again meanwhile: the later one takes over.
      if (route.next !== found.digest) return;
      const from = route.serving;
      route.serving = found;
      route.next = undefined;
      route.problem = '';
      onMove(name, from, found);
    } catch (error) {
      // A registry that does not answer, or a model that does not come up, is no reason to stop serving the one that is here.
      const problem = errorMessage(error);
      if (problem !== route.problem) onProblem(name, problem);
      route.problem = problem;
      route.next = undefined;
    }
  };
  const refresh = async (): Promise<void> => {
    // A digest never means anything else.
    const movable = [...routes].filter(([name, { serving }]) => name !== serving.digest);
    await Promise.all(movable.map(([name, route]) => refreshOne(name, route)));
  };
  const timer = setInterval(() => void refresh(), refreshMs);
  timer.unref();
  return {
    find: (name, signal) => {
      const route = routes.get(name);
      return route === undefined ? ask(name, signal) : Promise.resolve(route.serving);
    },
    known: (name) => routes.get(name)?.serving,
    namesOf: (digest) =>
      [...routes]
        .filter(([name, { serving }]) => serving.digest === digest && name !== digest)
        .map(([name]) => name),
    refresh,
    close: () => clearInterval(timer),
  };
}
