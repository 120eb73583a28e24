import { invalidArgument, notFound } from '@cassl/errors';
import type { ModelState } from '@cassl/inference';
import type {
  ModelStatistics,
  RepositoryIndexResponse_ModelIndex as ModelIndex,
} from '@cassl/proto/inference';
import { findView, VERSION, type Inference } from './ask-images.ts';
import { countModel, namesOf } from './describe-model.ts';

const STATES: Readonly<Record<ModelState, string>> = {
  loading: 'LOADING',
  ready: 'READY',
  draining: 'UNLOADING',
  failed: 'UNAVAILABLE',
  unloaded: 'UNAVAILABLE',
};

/** The resident models, once under each of their names. */
export function indexModels(inference: Inference, isOnlyReady: boolean): ModelIndex[] {
  return inference
    .list()
    .filter(({ state }) => !isOnlyReady || state === 'ready')
    .flatMap((report) =>
      namesOf(report).map((name) => ({
        name,
        version: VERSION,
        state: STATES[report.state],
        reason: report.reason,
      })),
    );
}

/** Of one model, or of all resident ones. @throws NOT_FOUND for one that is unknown or not resident */
export async function countModels(
  inference: Inference,
  name: string,
  version: string,
): Promise<ModelStatistics[]> {
  if (name === '')
    return inference.list().flatMap((report) => namesOf(report).map((known) => countModel(known, report)));
  const { found } = await findView(inference, name, version);
  const report = inference.list().find(({ digest }) => digest === found.digest);
  if (report === undefined) throw notFound(`model ${name} is not resident: it has no statistics`);
  return [countModel(name, report)];
}

/** Loads and warms a model. @throws INVALID_ARGUMENT for parameters: a checkpoint carries its own configuration */
export async function loadModel(
  inference: Inference,
  name: string,
  parameters: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (name === '') throw invalidArgument('model_name is empty: give an alias or a digest');
  const [first] = parameters;
  if (first !== undefined)
    throw invalidArgument(
      `parameters.${first.slice(0, 100)}: a checkpoint carries its configuration, so loading takes no parameters`,
    );
  await inference.load(name, { signal, again: true });
}

export async function unloadModel(inference: Inference, name: string): Promise<void> {
  if (name === '') throw invalidArgument('model_name is empty: give an alias or a digest');
  await inference.unload(name);
}
