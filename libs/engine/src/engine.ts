/** `cpu` is tfjs's plain JavaScript: the reference of the tests, never chosen by itself. */
export type EngineName = 'torch' | 'tensorflow' | 'wasm' | 'cpu';

export const engineNames: readonly EngineName[] = ['torch', 'tensorflow', 'wasm', 'cpu'];

/** One kernel that ran on another backend by copying its tensors, and how often. */
export interface KernelFallback {
  readonly kernel: string;
  readonly count: number;
}

export interface EngineMemory {
  /** Live tensors: constant from step to step in a loop that leaks nothing. */
  readonly tensors: number;
  readonly tensorBytes: number;
  /** Resident memory of this process. */
  readonly residentBytes: number;
  /** Allocated on the accelerator; 0 on CPU. */
  readonly deviceBytes: number;
}

/**
 * A compute engine. TensorFlow.js has one current backend, so one engine is in use at a time; the torch engine can be
 * opened once for each GPU.
 */
export interface Engine {
  readonly name: EngineName;
  /** `cpu`, or `cuda:0` and so on. */
  readonly device: string;
  /** The version of the library that computes, for example `libtorch 1.13.0`. */
  readonly version: string;
  readonly threads: number;
  /** Compiled to machine code, about five times the training speed of `wasm` on the same cores. */
  readonly native: boolean;
  fallbacks(): readonly KernelFallback[];
  memory(): EngineMemory;
  /** Makes it TensorFlow.js's backend, and its device the one that new tensors go to; `openEngine` has done so. */
  use(): Promise<void>;
}

/** Where lines about the engine go; a pino logger fits. */
export interface EngineLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface EngineOptions {
  /** Default: `CASSL_ENGINE`, or the best one present. */
  readonly engine?: EngineName;
  /** `cpu`, `cuda` or `cuda:N`. Default: `CASSL_DEVICE`, or the first GPU, or the CPU. */
  readonly device?: string;
  /** CPU threads. Default: `OMP_NUM_THREADS`, or what the process may use. */
  readonly threads?: number;
  /** Default: one line each on stderr. */
  readonly logger?: EngineLogger;
}
