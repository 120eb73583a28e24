import { MODEL_RUNTIMES, type ModelRuntime } from '@cassl/inference';

/** What computes which model. */
export interface ModelRuntimes {
  readonly usual: ModelRuntime;
  /** By the alias or digest that a model is asked for. */
  readonly byName: ReadonlyMap<string, ModelRuntime>;
}

/**
 * Reads `auto, demo/detector=onnx`: one runtime for all models, and others by name.
 * @returns the first entry that is wrong, as it stands there
 */
function readModelRuntimes(text: string): ModelRuntimes | { readonly wrong: string } {
  const byName = new Map<string, ModelRuntime>();
  let usual: ModelRuntime = 'torch';
  for (const entry of text.split(',').map((part) => part.trim())) {
    const at = entry.lastIndexOf('=');
    const runtime = MODEL_RUNTIMES.find((name) => name === entry.slice(at + 1).trim());
    if (runtime === undefined) return { wrong: entry };
    if (at < 0) usual = runtime;
    else byName.set(entry.slice(0, at).trim(), runtime);
  }
  return { usual, byName };
}

export function areModelRuntimes(text: string): boolean {
  return !('wrong' in readModelRuntimes(text));
}

/** @param text checked before: what it does not say is `torch` */
export function runtimeOf(text: string, reference: string): ModelRuntime {
  const runtimes = readModelRuntimes(text);
  return 'wrong' in runtimes ? 'torch' : (runtimes.byName.get(reference) ?? runtimes.usual);
}
