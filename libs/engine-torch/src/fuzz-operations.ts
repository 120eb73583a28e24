import { loadTorchAddon } from './native-addon.ts';

/**
 * Calls every native operation with arguments that make no sense: disposed and made-up handles, wrong types and ranks, huge
 * shapes, NaN. Each call must return or throw; run by fuzz.test.ts in a process of its own, whose exit code tells.
 */
const addon = loadTorchAddon();
addon.setThreads(1);
addon.setMemoryLimit(256e6);

let state = Number(process.argv[2] ?? 1);
function random(): number {
  // mulberry32
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;

const shapes = [
  [],
  [0],
  [1],
  [4],
  [3, 4],
  [4, 4],
  [1, 5, 5, 2],
  [2, 4, 4, 4],
  [3, 3, 2, 4],
  [1, 3, 3, 3, 2],
  [2, 0, 3],
];
const live = shapes.flatMap((shape) => {
  const size = shape.reduce((a, b) => a * b, 1);
  const floats = Float32Array.from({ length: size }, (_, i) => i - 3);
  return [
    addon.upload(floats, 0, shape),
    addon.upload(Int32Array.from(floats), 1, shape),
    addon.upload(
      Uint8Array.from({ length: size }, (_, i) => i % 2),
      2,
      shape,
    ),
  ];
});
const disposed = addon.upload(new Float32Array(1), 0, []);
addon.release(disposed);

const odd = [
  NaN,
  Infinity,
  -Infinity,
  -1,
  0.5,
  1e9,
  2 ** 31,
  -(2 ** 31),
  2 ** 53,
  1e300,
  disposed,
  2 ** 24 + 999,
];
const small = [0, 1, 1, 2, 2, 3, 4, 5, -1];

function argument(): number[] {
  const kind = random();
  if (kind < 0.45) return [pick(live)];
  if (kind < 0.65) return [pick(small)];
  if (kind < 0.75) return [pick(odd)];
  if (kind < 0.8) return [-pick(live), 2, pick(small), pick(small)];
  const length = random() < 0.98 ? Math.floor(random() * 5) : 70; // ATen stops at 64 axes
  return [length, ...Array.from({ length }, () => (random() < 0.9 ? pick(small) : pick(odd)))];
}

let thrown = 0;
let returned = 0;
const rounds = Number(process.argv[3] ?? 200);
for (const [name, operation] of Object.entries(addon.operations)) {
  if (name === 'openGroup') continue; // would wait for peers
  for (let round = 0; round < rounds; round++) {
    const values = Array.from({ length: 1 + Math.floor(random() * 9) }, argument).flat();
    if (process.argv[4] === name || process.argv[4] === 'all')
      process.stderr.write(`${name} ${values.join(' ')}\n`);
    addon.arguments.set(values);
    const before = addon.status().tensors;
    try {
      operation(random() < 0.95 ? values.length : pick(odd));
      returned += 1;
      // A result is a handle, its type, its rank and its sizes; there may be several.
      for (let at = 0; addon.status().tensors > before;) {
        addon.release(addon.results[at]!);
        at += 3 + addon.results[at + 2]!;
      }
    } catch {
      thrown += 1;
    }
  }
}
console.log(JSON.stringify({ thrown, returned, tensors: addon.status().tensors, live: live.length }));
