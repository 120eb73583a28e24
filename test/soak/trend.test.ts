import { expect, it } from 'vitest';
import { sampleProcess, type ProcessSample } from './sample-process.ts';
import { trendOf } from './trend.ts';

const life = (descriptors: (at: number) => number): ProcessSample[] =>
  Array.from({ length: 40 }, (_, at) => ({
    descriptors: descriptors(at),
    threads: 12,
    megabytes: 200,
    cpuSeconds: at,
  }));

it('a process that keeps a descriptor a sample is not flat; one that warms up, or breathes, is', () => {
  expect(
    trendOf(
      life((at) => 30 + at),
      'descriptors',
    ),
  ).toMatchObject({ early: 44.5, late: 64.5, isFlat: false });
  expect(
    trendOf(
      life((at) => (at < 5 ? 10 : 40)),
      'descriptors',
    ),
  ).toMatchObject({ early: 40, isFlat: true });
  expect(
    trendOf(
      life((at) => 40 + (at % 5)),
      'descriptors',
    )?.isFlat,
  ).toBe(true);
});

it('a short life tells nothing', () => {
  expect(trendOf(life(() => 1).slice(0, 7), 'threads')).toBeUndefined();
});

it('reads what this process holds from /proc, and nothing of one that is gone', async () => {
  const here = await sampleProcess(process.pid);
  expect(here!.descriptors).toBeGreaterThan(2);
  expect(here!.threads).toBeGreaterThan(0);
  expect(here!.megabytes).toBeGreaterThan(10);
  expect(await sampleProcess(2 ** 22 + 1)).toBeUndefined();
});
