import type { Detection } from '@cassl/vision';
import type { BatchModel } from '../batch-model.ts';
import { WARM_UP } from '../warm-up.ts';
import { probeImages } from './probe-images.ts';

/** What was measured of two runtimes that have loaded the same model. */
export interface RuntimeChoice {
  readonly runtime: 'torch' | 'onnx';
  /** For people. */
  readonly reason: string;
}

/** A change that pays for a second set of kernels must be felt. */
const CLEARLY_FASTER = 0.9;
const ROUNDS = 3;
/** Of what each runtime computes of the same picture. */
const MOST = { score: 1e-3, pixels: 0.1 };

/**
 * Runs both on a few pictures, turn by turn, and takes onnxruntime where its time is less than nine tenths of our engine's and every
 * detection agrees. Where a model finds nothing in any of them agreement is not shown, and our engine stays.
 */
export async function chooseRuntime(torch: BatchModel, onnx: BatchModel): Promise<RuntimeChoice> {
  const images = probeImages(torch);
  const found = { torch: [] as Detection[][], onnx: [] as Detection[][] };
  const times = { torch: [] as number[], onnx: [] as number[] };
  for (let round = 0; round < ROUNDS; round++) {
    for (const image of images) {
      for (const [name, model] of [
        ['torch', torch],
        ['onnx', onnx],
      ] as const) {
        const { detections, computeMs, outputMs } = await model.detect([image], [WARM_UP]);
        // The first round chooses and packs.
        if (round > 0) times[name].push(computeMs + outputMs);
        else found[name].push([...(detections[0] ?? [])]);
      }
    }
  }
  // The least disturbed of each: on a machine that does other things medians measure those.
  const [ours, theirs] = [Math.min(...times.torch), Math.min(...times.onnx)];
  const measured = `${theirs.toFixed(1)} ms against torch's ${ours.toFixed(1)}`;
  const objection = disagreement(found.torch, found.onnx);
  if (objection !== undefined) return { runtime: 'torch', reason: `${objection} (${measured})` };
  const isFaster = theirs < CLEARLY_FASTER * ours;
  return { runtime: isFaster ? 'onnx' : 'torch', reason: `onnxruntime takes ${measured}` };
}

function disagreement(ours: readonly Detection[][], theirs: readonly Detection[][]): string | undefined {
  if (ours.every((list) => list.length === 0))
    return 'the model finds nothing in the probes, so agreement is not shown';
  const differing = ours.findIndex((list, index) => !agrees(list, theirs[index] ?? []));
  return differing < 0 ? undefined : `onnxruntime disagrees on probe ${differing}`;
}

/** As sets: equal scores may stand in another order. */
function agrees(ours: readonly Detection[], theirs: readonly Detection[]): boolean {
  if (ours.length !== theirs.length) return false;
  const rest = [...theirs];
  return ours.every((detection) => {
    const at = rest.findIndex((other) => isSame(detection, other));
    if (at >= 0) rest.splice(at, 1);
    return at >= 0;
  });
}

function isSame(a: Detection, b: Detection): boolean {
  return (
    a.category === b.category &&
    Math.abs(a.score - b.score) <= MOST.score &&
    a.box.every((value, side) => Math.abs(value - (b.box[side] ?? Infinity)) <= MOST.pixels)
  );
}
