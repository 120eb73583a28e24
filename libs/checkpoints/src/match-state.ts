import { invalidArgument } from '@cassl/errors';
import type { StateDict } from './host-tensor.ts';
import type { SkippedTensor } from './names/rename.ts';

export interface MatchReport {
  readonly matched: readonly string[];
  /** In the checkpoint and not loaded, with the reason. */
  readonly skipped: readonly SkippedTensor[];
  /** In the model and not in the checkpoint. */
  readonly missing: readonly string[];
}

/** Splits a checkpoint, under our names, into what a model can take and what it cannot. */
export function matchState(
  state: StateDict,
  model: ReadonlyMap<string, readonly number[]>,
): { tensors: StateDict; report: MatchReport } {
  const tensors: StateDict = new Map();
  const skipped: SkippedTensor[] = [];
  for (const [name, tensor] of state) {
    const shape = model.get(name);
    if (shape === undefined) skipped.push({ name, reason: 'the model has no such tensor' });
    else if (shape.join() !== tensor.shape.join()) {
      const reason = `its shape is [${tensor.shape.join(', ')}], the model's is [${shape.join(', ')}]`;
      skipped.push({ name, reason });
    } else tensors.set(name, tensor);
  }
  const missing = [...model.keys()].filter((name) => !tensors.has(name));
  return { tensors, report: { matched: [...tensors.keys()], skipped, missing } };
}

/**
 * Refuses a checkpoint that is not the model it was taken for.
 * @param hint appended where only tensors are missing
 * @throws INVALID_ARGUMENT naming the first tensor that differs, or the first that is missing
 */
export function requireMatch(report: MatchReport, model: string, hint = ''): void {
  const wrong = report.skipped.find(({ reason }) => reason.startsWith('its shape'));
  if (wrong !== undefined) {
    throw invalidArgument(`the checkpoint is not ${model}: tensor ${wrong.name}: ${wrong.reason}`);
  }
  if (report.missing.length > 0) {
    const total = report.missing.length + report.matched.length;
    throw invalidArgument(
      `the checkpoint is not ${model}: it lacks ${report.missing.length} of ${total} tensors, first ${report.missing[0]}${hint}`,
    );
  }
}
