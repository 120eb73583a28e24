/** An input or output of a model, as it describes itself. */
export interface TensorSpec {
  readonly name: string;
  /** In the words of the Open Inference Protocol: `FP32`, `UINT8`, `INT64`, `BYTES`. */
  readonly datatype: string;
  /** -1 where it varies. */
  readonly shape: readonly number[];
}

export type TensorValues = Float32Array | Uint8Array | Int32Array | BigInt64Array | readonly Uint8Array[];

export interface Tensor {
  readonly datatype: string;
  readonly shape: readonly number[];
  /** Row by row; of `BYTES` its elements. */
  readonly values: TensorValues;
}

/** Tensors in, tensors out: a graph in this process or behind an endpoint. */
export interface TensorModel {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** For people: `onnxruntime (cpu, 2 threads)`. */
  readonly engine: string;
  /** @throws UNAVAILABLE or DEADLINE_EXCEEDED where an endpoint is away */
  run(
    input: { readonly name: string; readonly tensor: Tensor },
    outputs: readonly string[],
  ): Promise<ReadonlyMap<string, Tensor>>;
  close(): void;
}

/** How many numbers a shape holds. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
