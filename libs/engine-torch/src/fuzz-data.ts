import { once } from 'node:events';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { loadTorchAddon, type NativeAddon } from './native-addon.ts';

/**
 * Calls everything of the addon but its operations with what makes no sense: arrays that are detached, shared, of the wrong type
 * or size, or change while they are read; shapes that overflow; handles that are disposed or another thread's; absurd
 * settings. Each call must return or throw; run by fuzz.test.ts in a process of its own, whose exit code tells.
 */
const addon = loadTorchAddon();
/** Elements of an array that the system takes back as soon as it is freed. */
const large = 1 << 18;
const upload = (values: number[]) => addon.upload(Float32Array.from(values), 0, [values.length]);

if (isMainThread) await callEverything();
else parentPort!.postMessage([upload([1]), upload([2, 3]), upload([4, 5, 6])]);

async function callEverything(): Promise<void> {
  addon.setThreads(1);
  addon.setMemoryLimit(256e6);
  const live = upload([1, 2, 3, 4]);
  const disposed = upload([1]);
  addon.release(disposed);
  const worker = new Worker(new URL(import.meta.url));
  const [foreign] = (await once(worker, 'message')) as [number[]];
  const before = addon.status().tensors;
  const outcome = { thrown: 0, returned: 0 };
  const attempt = (call: () => unknown): unknown => {
    try {
      const value = call();
      outcome.returned += 1;
      return value;
    } catch {
      outcome.thrown += 1;
      return undefined;
    }
  };

  for (const data of arrays()) {
    for (const shape of shapes(data)) {
      for (const dtype of [0, 1, 2, 3, -1, NaN, 0.5, '0']) {
        const handle = attempt(() => addon.upload(data as Float32Array, dtype as number, shape as number[]));
        if (handle !== undefined) addon.release(handle as number);
      }
    }
  }
  const reads: Promise<unknown>[] = [];
  const handles = [
    live,
    disposed,
    ...foreign,
    0,
    -live,
    NaN,
    Infinity,
    2 ** 53,
    2 ** 24,
    '1',
    null,
    undefined,
    {},
  ];
  for (const handle of handles as number[]) {
    for (const into of arrays() as Float32Array[]) {
      attempt(() => addon.download(handle, into));
      attempt(() => reads.push(addon.downloadAsync(handle, into).catch(() => outcome.thrown++)));
      // Some move away while they are written to.
      if (into instanceof Float32Array && reads.length % 2 === 0) attempt(() => detach(into));
    }
    if (handle !== live) attempt(() => addon.release(handle));
  }
  await Promise.all(reads);
  settings(attempt, addon);
  await worker.terminate();

  // What was refused left nothing behind, and the arrays that calls go through are still there when JavaScript gives them away.
  addon.setMemoryLimit(256e6);
  const lost = foreign.length > 0 ? before - addon.status().tensors : 0;
  detach(addon.arguments);
  detach(addon.results);
  for (const operation of Object.values(addon.operations).slice(0, 50)) attempt(() => operation(8));
  const values = new Float32Array(3);
  const last = upload([7, 8, 9]);
  addon.download(last, values);
  console.log(JSON.stringify({ ...outcome, lost, values: [...values] }));
}

function arrays(): unknown[] {
  const gone = new Float32Array(4);
  detach(gone);
  const resizable = new ArrayBuffer(16, { maxByteLength: 64 });
  const shrunk = new Float32Array(resizable, 8, 2);
  resizable.resize(4);
  return [
    new Float32Array(4),
    new Float32Array(large),
    new Float32Array(0),
    new Float64Array(2),
    new Int32Array(4),
    new BigInt64Array(2),
    new Uint8ClampedArray(16),
    new Float32Array(new SharedArrayBuffer(16)),
    new Float32Array(new ArrayBuffer(32), 16),
    new Float32Array(resizable),
    shrunk,
    gone,
    new DataView(new ArrayBuffer(16)),
    new ArrayBuffer(16),
    [1, 2, 3, 4],
    'text',
    null,
    undefined,
    { length: 4 },
  ];
}

function shapes(data: unknown): unknown[] {
  const size = data instanceof Float32Array ? data.length : 4;
  const treacherous = [size];
  Object.defineProperty(treacherous, 0, {
    get: () => {
      if (data instanceof Float32Array && data.length > 0) detach(data);
      return size;
    },
  });
  const throwing = [4];
  Object.defineProperty(throwing, 0, {
    get: () => {
      throw new Error('no size');
    },
  });
  return [
    [4],
    [2, 2],
    [16],
    [],
    [0],
    [-4],
    [-2, -2],
    [NaN],
    [1.5],
    [Infinity],
    [2 ** 31, 2 ** 31, 2 ** 31],
    [2 ** 32, 2 ** 32],
    [0, 2 ** 52, 2 ** 52],
    [2 ** 62],
    [1e300],
    new Array(64).fill(1),
    new Array(65).fill(1),
    new Array(2 ** 32 - 1),
    ['4'],
    [[4]],
    [4n],
    new Proxy([4], {}),
    throwing,
    '4',
    4,
    null,
    undefined,
    treacherous,
  ];
}

function settings(attempt: (call: () => unknown) => unknown, { ...functions }: NativeAddon): void {
  const odd = [
    NaN,
    -1,
    0,
    0.5,
    65_537,
    1e300,
    -Infinity,
    '',
    '1',
    null,
    undefined,
    {},
    [],
    1n,
    Symbol('odd'),
    () => 0,
  ];
  for (const value of [...odd, 'cuda:999', 'cuda:-1', 'cpu:7', 'meta', 'x'.repeat(10_000), '\0']) {
    for (const [name, call] of Object.entries(functions)) {
      if (typeof call !== 'function') continue;
      attempt(() => (call as (...given: unknown[]) => unknown)(value));
      attempt(() => (call as (...given: unknown[]) => unknown)());
      attempt(() => Reflect.construct(call as () => unknown, [value, value]));
      if (name === 'setDevice') addon.setDevice('cpu');
    }
  }
}

/** Gives an array's memory to another buffer, which nobody keeps, and has it freed (run with `--expose-gc`). */
function detach(array: Float32Array | Float64Array): void {
  (array.buffer as ArrayBuffer).transfer();
  globalThis.gc!();
}
