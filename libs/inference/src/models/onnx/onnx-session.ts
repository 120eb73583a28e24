import { lazyState, pieceContent, type StateDict } from '@cassl/checkpoints';
import type { DetectorConfig } from '@cassl/detector/fit-image';
import { planOnnx } from '@cassl/onnx';
import type * as Ort from 'onnxruntime-node';
import type { GraphOutputs } from './read-detections.ts';
import { sessionOptions } from './session-options.ts';

/** A detector's graph in onnxruntime. */
export interface OnnxSession {
  run(values: Float32Array, shape: readonly number[]): Promise<GraphOutputs>;
  release(): Promise<void>;
}

/** Lays the graph out, hands it over in memory and lets the copy go. */
export async function openOnnxSession(
  state: StateDict,
  {
    config,
    masks,
    threads,
  }: { readonly config: DetectorConfig; readonly masks: boolean; readonly threads: number },
): Promise<OnnxSession> {
  const { InferenceSession, Tensor } = await import('onnxruntime-node');
  const plan = planOnnx(lazyState(state), { config, masks, hasSum: true });
  const file = Buffer.concat(plan.pieces.map(pieceContent));
  const session = await InferenceSession.create(file, sessionOptions(threads));
  return {
    run: async (values, shape) =>
      readOutputs(await session.run({ images: new Tensor('float32', values, shape) })),
    release: () => session.release(),
  };
}

function readOutputs(outputs: Ort.InferenceSession.OnnxValueMapType): GraphOutputs {
  const { boxes, scores, labels, counts, masks, sum } = outputs as Readonly<Record<string, Ort.Tensor>>;
  const [height = 0, width = 0] = masks?.dims.slice(2) ?? [];
  return {
    boxes: boxes?.data as Float32Array,
    scores: scores?.data as Float32Array,
    labels: labels?.data as BigInt64Array,
    counts: counts?.data as BigInt64Array,
    sum: Number(sum?.data[0]),
    places: scores?.dims[1] ?? 0,
    masks: masks && { values: masks.data as Float32Array, height, width },
  };
}
