/**
 * The console over a label set of 10^6 images (`--images N`): how long single requests take. And, where there is a Chromium, how it
 * scrolls, paints and draws a training of 10^5 points (`--points N`).
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startService } from '@cassl/cli';
import { option, type BenchmarkOptions } from '../options.ts';
import { CHROMIUM, measureCurves, serveCurves, type CurvesResult } from './measure-curves.ts';
import { measureScroll, type ScrollResult } from './measure-scroll.ts';
import { summary, type Requests } from './summary.ts';
import { writeLargeSet } from './write-large-set.ts';
import { writePhotoSet } from './write-photo-set.ts';

interface Result {
  readonly images: number;
  /** The first page: the index is read and checked. */
  readonly openMs: number;
  /** Pages of 60 at random places. */
  readonly pages: Requests;
  /** Processor time of the console for each of them: what a busy machine does not change. */
  readonly cpuMsPerPage: number;
  /** The same while every image is looked at in the background, and after it, with an order over the whole set. */
  readonly pagesDuringScan: Requests;
  readonly scanSeconds: number;
  readonly sortedPages: Requests;
  /** All of one picture: what small pictures take that are kept. */
  readonly scroll?: ScrollResult | undefined;
  /** Over real photos, another one in each image: what small pictures take that are made. */
  readonly photoScroll?: ScrollResult | undefined;
  readonly curves?: CurvesResult | undefined;
}

interface Sizes {
  readonly home: string;
  readonly set: string;
  readonly photoSet: string | undefined;
  readonly images: number;
  readonly points: number;
}

const PAGES = 200;
const PHOTOS = 3000;

export async function run({ json, argv }: BenchmarkOptions): Promise<void> {
  const images = Number(option(argv, '--images') ?? 1_000_000);
  const points = Number(option(argv, '--points') ?? 100_000);
  const home = await mkdtemp(join(tmpdir(), 'cassl-bench-console-'));
  try {
    console.error(`writing a label set of ${images} images…`);
    const set = await writeLargeSet(join(home, 'set'), images);
    const photoSet = await writePhotoSet(join(home, 'photo-set'), PHOTOS);
    if (photoSet === undefined) console.error('no photos: `CASSL_SHARED` has no data/coco-mini');
    const result = await measure({ home, set, photoSet, images, points });
    if (json) console.log(JSON.stringify(result));
    else console.log(result);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

async function measure({ home, set, photoSet, images, points }: Sizes): Promise<Result> {
  const port = await freePort();
  const trainer = await serveCurves(points);
  const nobody = '127.0.0.1:9';
  const console_ = await startService('console', {
    home,
    endpoints: { registry: nobody, trainer: trainer.address, labeler: nobody, evaluator: nobody },
    natsUrl: '',
    roots: { data: [home], output: [] },
    consolePort: port,
  });
  try {
    await console_.ready();
    const ask = pageAsker(`http://127.0.0.1:${port}`, set);
    const openMs = await timed(() => ask({ from: 0 }));
    const anywhere = (): Promise<unknown> => ask({ from: Math.floor(Math.random() * (images - 60)) });
    const cpuBefore = cpuMsOf(console_.pid);
    const pages = await measureRequests(PAGES, anywhere);
    const cpuMsPerPage = (cpuMsOf(console_.pid) - cpuBefore) / PAGES;
    const startedAt = performance.now();
    const during: number[] = [];
    while ((await ask({ from: 0, order: 'worst-score' })).seen < images) during.push(await timed(anywhere));
    const scanSeconds = (performance.now() - startedAt) / 1000;
    const sortedPages = await measureRequests(PAGES, () =>
      ask({ from: Math.floor(Math.random() * (images - 60)), order: 'worst-score' }),
    );
    const url = `http://127.0.0.1:${port}`;
    const inBrowser =
      CHROMIUM === undefined
        ? {}
        : {
            scroll: await measureScroll(url, set),
            photoScroll: photoSet === undefined ? undefined : await measureScroll(url, photoSet),
            curves: await measureCurves(url, points, trainer),
          };
    return {
      images,
      openMs,
      pages,
      cpuMsPerPage,
      pagesDuringScan: summary(during),
      scanSeconds,
      sortedPages,
      ...inBrowser,
    };
  } finally {
    await console_.stop();
    await trainer.stop();
  }
}

/** User and system time of a process so far; NaN where there is no /proc. */
function cpuMsOf(pid: number): number {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return NaN;
  // Behind the name, which may hold spaces; in ticks of 10 ms.
  const fields = readFileSync(path, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  return 10 * (Number(fields[11]) + Number(fields[12]));
}

type AskPage = (query: {
  readonly from: number;
  readonly order?: string;
}) => Promise<{ readonly seen: number }>;

function pageAsker(url: string, set: string): AskPage {
  return async ({ from, order = 'pool' }) => {
    const query = new URLSearchParams({ set, order, from: String(from), count: '60' });
    const answer = await fetch(`${url}/api/label-sets/images?${query}`);
    if (!answer.ok) throw new Error(await answer.text());
    return (await answer.json()) as { seen: number };
  };
}

async function measureRequests(count: number, request: () => Promise<unknown>): Promise<Requests> {
  const times: number[] = [];
  for (let index = 0; index < count; index++) times.push(await timed(request));
  return summary(times);
}

async function timed(request: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await request();
  return performance.now() - startedAt;
}
