import type { EngineName } from '../src/engine.ts';

interface Exclusion {
  readonly reason: string;
  readonly engines: readonly EngineName[];
  readonly specs: readonly RegExp[];
}

const notOnWasm = ['wasm'] as const;
const notOnTorch = ['torch'] as const;

/** By the starts of the specs' names; `@` stands for the engine in them. */
const exclusions: readonly Exclusion[] = [
  {
    reason: 'complex64 and Fourier transforms: nothing here uses them, and the wasm backend has neither',
    engines: notOnWasm,
    specs: [/complex/i, /fft/i, /\bstft\b/, /^signal\./, /^real @/, /^imag @/],
  },
  {
    reason: 'string and ragged tensors: nothing here uses them, and the wasm backend has none',
    engines: notOnWasm,
    specs: [/^ragged/i, /[Rr]egex/, /string/],
  },
  {
    reason: 'channels first: all models here are NHWC, the only layout of the wasm backend',
    engines: notOnWasm,
    specs: [/NCHW/, /channelsFirst/],
  },
  {
    reason: 'einsum: nothing here uses it, and the wasm backend has none',
    engines: notOnWasm,
    specs: [/^einsum/],
  },
  {
    reason:
      'max pooling propagates NaN as PyTorch does: a network that diverged shows it, and to ignore NaN takes one more pass over the input',
    engines: notOnTorch,
    specs: [/^maxPool\w* .*ignores NaNs/],
  },
  {
    reason:
      "the gradient of a padded average pooling is the derivative of tfjs's own forward, which divides by the elements averaged; tfjs's divides by the window",
    engines: notOnTorch,
    specs: [/^avgPool .*gradient .*p=explicit/],
  },
  {
    reason:
      'a transposed convolution whose input has a size that its output cannot give is refused; tfjs leaves part of the input unread',
    engines: notOnTorch,
    specs: [/^conv2dTranspose .*input=8x8x8,output=4x4x8,f=8,s=1,/],
  },
];

/** Why a spec is not run on an engine; undefined where it is. */
export function exclusionReason(engine: EngineName, spec: string): string | undefined {
  return exclusions.find(
    ({ engines, specs }) => engines.includes(engine) && specs.some((pattern) => pattern.test(spec)),
  )?.reason;
}
