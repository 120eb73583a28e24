/** One measurement of `main.ts` in a process of its own: `node ours.ts '{"preset": …, "mode": "training"}'`. */
import { createDetector, detectorPreset, prepareBatch } from '@cassl/detector';
import { createSgd, openEngine } from '@cassl/engine';
import type { TrainingSample } from '@cassl/vision';
import type { MeasuredCase } from './measured.ts';

const { preset, size, batch, steps, mode } = JSON.parse(process.argv[2]!) as MeasuredCase & { mode: string };

await openEngine({ engine: 'torch' });
// Every cell scores above the threshold of 0.05: selection, suppression and a hundred masks have their full work to do.
const config = detectorPreset(preset, {
  classes: 80,
  priorProbability: 0.06,
  resizeShortSide: size,
  resizeLongSide: size,
});
const detector = createDetector(config, { seed: 1 });
const samples = Array.from({ length: batch }, (_, index) => picture(index));

const step =
  mode === 'training'
    ? createTrainingStep()
    : () =>
        detector.detect(
          samples.map(({ image }) => image),
          { batchSize: batch },
        );
const times: number[] = [];
for (let index = 0; index <= steps; index++) {
  const start = performance.now();
  await step();
  if (index > 0) times.push(performance.now() - start);
}
const median = times.sort((a, b) => a - b)[times.length >> 1]!;
// Linux counts maxRSS in KiB.
const peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ imagesPerSecond: (1000 * batch) / median, peakBytes }));

function createTrainingStep(): () => Promise<void> {
  const optimizer = createSgd({ parameters: detector.trainable, momentum: 0.9, weightDecay: () => 1e-4 });
  return async () => {
    const result = detector.gradients(prepareBatch(config, samples));
    optimizer.step(result.gradients, 1e-4);
    await result.losses.data();
    result.dispose();
  };
}

/** Noise with four objects of a quarter to a half of the side, the same for the twin. */
function picture(index: number): TrainingSample {
  const data = new Uint8Array(size * size * 3);
  for (let pixel = 0; pixel < data.length; pixel++) data[pixel] = (pixel * 7919 + index * 104729) % 256;
  const instances = [0, 1, 2, 3].map((object) => {
    const side = Math.floor((size * (2 + object)) / 10);
    const x = Math.floor((size * object) / 8);
    const y = Math.floor((size * (3 - object)) / 8);
    const mask = { width: size, height: size, data: new Uint8Array(size * size) };
    for (let row = y; row < y + side; row++) mask.data.fill(1, row * size + x, row * size + x + side);
    return { box: [x, y, x + side, y + side] as const, category: object, mask };
  });
  return { key: String(index), image: { width: size, height: size, data }, instances };
}
