import {
  lazyState,
  pieceContent,
  writeAtomically,
  type StateDict,
  type WrittenFile,
} from '@cassl/checkpoints';
import { planOnnx, type OnnxOptions, type OnnxPlan } from './plan-onnx.ts';

/** Writes a detector as an ONNX file. */
export async function writeOnnx(
  path: string,
  state: StateDict,
  options: OnnxOptions,
): Promise<WrittenFile & { readonly plan: OnnxPlan }> {
  const plan = planOnnx(lazyState(state), options);
  const written = await writeAtomically(path, plan.pieces.map(pieceContent));
  return { ...written, plan };
}
