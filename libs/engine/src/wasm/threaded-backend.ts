import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import { dirname, join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import type * as tf from '@tensorflow/tfjs-core';
import { BackendWasm, setThreadsCount } from '@tensorflow/tfjs-backend-wasm';

const require = createRequire(import.meta.url);

interface WasmModule {
  cwrap(name: string, returns: string | null, parameters: readonly string[]): unknown;
  tfjs: Record<string, unknown>;
  readonly PThread: { readonly runningWorkers: readonly Worker[] };
}
type WasmFactory = (settings: object) => Promise<WasmModule>;

/**
 * The package's threaded build under Node, which the package itself switches off there (tfjs issue 3830): its loader
 * hands blob URLs to `Worker`. With files instead it works.
 *
 * @param threads 1 to 8, the most that its C++ takes
 */
export async function createThreadedBackend(threads: number): Promise<tf.KernelBackend> {
  const restore = [reportCores(2 * threads), keepProcessListeners()];
  try {
    const module = await loadModule();
    setThreadsCount(threads);
    const backend = new BackendWasm(module as never);
    // A thread that waits for work must not keep the process alive.
    for (const worker of module.PThread.runningWorkers) worker.unref();
    return backend;
  } finally {
    for (const undo of restore) undo();
  }
}

async function loadModule(): Promise<WasmModule> {
  const folder = join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm')), '..', 'wasm-out');
  const script = join(folder, 'tfjs-backend-wasm-threaded-simd.js');
  const factory = require(script) as WasmFactory;
  const module = await factory({
    mainScriptUrlOrBlob: script,
    wasmBinary: readFileSync(join(folder, 'tfjs-backend-wasm-threaded-simd.wasm')),
    locateFile: (file: string) =>
      file.endsWith('.worker.js') ? join(import.meta.dirname, 'pthread-worker.ts') : join(folder, file),
  });
  module.tfjs = {
    init: module.cwrap('init', null, []),
    initWithThreadsCount: module.cwrap('init_with_threads_count', null, ['number']),
    getThreadsCount: module.cwrap('get_threads_count', 'number', []),
    registerTensor: module.cwrap('register_tensor', null, ['number', 'number', 'number']),
    disposeData: module.cwrap('dispose_data', null, ['number']),
    dispose: module.cwrap('dispose', null, []),
  };
  return module;
}

/** The C++ side starts at most half as many threads as `os.cpus()` has entries. */
function reportCores(cores: number): () => void {
  const { cpus } = os;
  os.cpus = () => Array.from({ length: cores }, () => cpus()[0]!);
  return () => void (os.cpus = cpus);
}

/** Emscripten's start-up rethrows every uncaught exception and rejection of the process: not its business. */
function keepProcessListeners(): () => void {
  const events = ['uncaughtException', 'unhandledRejection'] as const;
  const before = events.map((event) => new Set<unknown>(process.listeners(event as 'exit')));
  return () => {
    for (const [index, event] of events.entries()) {
      for (const listener of process.listeners(event as 'exit')) {
        if (!before[index]!.has(listener)) process.off(event, listener);
      }
    }
  };
}
