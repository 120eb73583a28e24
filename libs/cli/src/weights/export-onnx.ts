import { basename, extname } from 'node:path';
import { invalidArgument } from '@cassl/errors';
import type { OnnxOptions, Port } from '@cassl/onnx';
import { readDetectorConfig } from './read-detector-config.ts';

export interface OnnxFlags {
  readonly out?: string;
  readonly config?: string;
  readonly outputs: 'detections' | 'raw';
  readonly masks: boolean;
  readonly threshold?: number;
  readonly opset?: number;
  readonly json: boolean;
}

/** `cassl export --for onnx`: a detector as a model that runs in onnxruntime and its like. */
export async function exportOnnx(checkpoint: string, flags: OnnxFlags): Promise<void> {
  const { readCheckpoint, checkFinite } = await import('@cassl/checkpoints');
  const { writeOnnx } = await import('@cassl/onnx');
  const { tensors } = await readCheckpoint(checkpoint);
  checkFinite(tensors);
  const out = flags.out ?? `${basename(checkpoint, extname(checkpoint))}.onnx`;
  const { plan, sizeBytes, digest } = await writeOnnx(out, tensors, await optionsOf(tensors, flags));
  const { inputs, outputs, opset } = plan;
  if (flags.json) return console.log(JSON.stringify({ out, digest, sizeBytes, opset, inputs, outputs }));
  console.log(`${out}  ${digest}  ${sizeBytes} bytes, opset ${opset}`);
  for (const port of inputs) printPort('input', port);
  for (const port of outputs) printPort('output', port);
}

async function optionsOf(
  tensors: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  flags: OnnxFlags,
): Promise<OnnxOptions> {
  if (flags.config === undefined) {
    throw invalidArgument(
      '--config: weights do not tell strides, sizes and thresholds; name the preset or the file of DetectorConfig fields that the model was made with (`cassl pull ALIAS --for onnx` has them from the registry)',
    );
  }
  // A finetuned classifier has as many rows as classes, whatever the preset says.
  const classes = tensors.get('proposal_generator.fcos_head.cls_logits.weight')?.shape[0];
  const config = await readDetectorConfig(flags.config, {
    ...(classes === undefined ? {} : { classes }),
    ...(flags.threshold === undefined ? {} : { scoreThreshold: flags.threshold }),
  });
  return {
    config,
    outputs: flags.outputs,
    masks: config.masks && flags.masks,
    ...(flags.opset === undefined ? {} : { opset: flags.opset }),
  };
}

function printPort(kind: string, { name, type, shape, description }: Port): void {
  console.log(`${kind.padEnd(6)} ${name}: ${type} [${shape.join(', ')}]  ${description}`);
}
