import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import { unimplemented } from '@cassl/errors';
import type { NativeCall } from '../native-call.ts';

// The numbers of native/activation.h.
const kinds: Readonly<Record<string, number>> = {
  linear: 0,
  relu: 1,
  relu6: 2,
  elu: 3,
  prelu: 4,
  leakyrelu: 5,
  sigmoid: 6,
};

/** Writes the epilogue of a fused kernel. */
export function writeActivation(
  call: NativeCall,
  attrs: NamedAttrMap,
  preluWeights?: TensorInfo,
): NativeCall {
  const name = (attrs['activation'] as string | undefined) ?? 'linear';
  const kind = kinds[name];
  if (kind === undefined)
    throw unimplemented(`activation ${name} is not one of ${Object.keys(kinds).join(', ')}`);
  return call
    .number(kind)
    .number((attrs['leakyreluAlpha'] as number | undefined) ?? 0.2)
    .optionalTensor(preluWeights);
}
