/** One thread of the wasm engine: emscripten's own worker script, which the package ships only as a string. */
import { createRequire } from 'node:module';
import { compileFunction } from 'node:vm';

const require = createRequire(import.meta.url);
const { wasmWorkerContents } =
  require('@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd.worker.js') as {
    readonly wasmWorkerContents: string;
  };
// Being a template literal, the string has its newline escapes resolved already.
const script = wasmWorkerContents.replaceAll('\n', '\\n');
const run = compileFunction(script, ['require', '__filename']) as (...args: unknown[]) => void;
run(require, import.meta.filename);
