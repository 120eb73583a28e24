/**
 * The element types of safetensors with their width in bits, in the rank order of the official writer
 * (huggingface/safetensors, tensor.rs `Dtype`): files store the last of this list first.
 */
export const DTYPE_BITS = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type Dtype = keyof typeof DTYPE_BITS;

const RANKS = new Map(Object.keys(DTYPE_BITS).map((dtype, rank) => [dtype, rank]));

export function isDtype(name: unknown): name is Dtype {
  return typeof name === 'string' && RANKS.has(name);
}

/** Position in the official writer's order; larger ranks are stored first. */
export function dtypeRank(dtype: Dtype): number {
  return RANKS.get(dtype)!;
}
