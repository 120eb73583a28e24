import type { EngineName } from '../src/engine.ts';

interface Exclusion {
  readonly reason: string;
  readonly engines: readonly EngineName[];
  readonly specs: readonly RegExp[];
}

const notOnWasm = ['wasm'] as const;

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
];

/** Why a spec is not run on an engine; undefined where it is. */
export function exclusionReason(engine: EngineName, spec: string): string | undefined {
  return exclusions.find(
    ({ engines, specs }) => engines.includes(engine) && specs.some((pattern) => pattern.test(spec)),
  )?.reason;
}
