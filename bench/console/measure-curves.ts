import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { CasslError } from '@cassl/errors';
import { Training, TrainerServiceDefinition, type TrainerServiceImplementation } from '@cassl/proto';
import { createLogger, implement, serve, type RunningServer } from '@cassl/rpc';
import { chromium, type Page } from 'playwright-core';

/** What a browser does with a training of many points. */
export interface CurvesResult {
  readonly points: number;
  /** First contentful paint of the page, the best of four visits. */
  readonly firstPaintMs: number;
  /** From opening the page to the drawn curve. */
  readonly drawnMs: number;
  /** Processor time of the page's main thread for each point that comes: below 16.7 no frame is late, however busy the machine is. */
  readonly cpuMsPerPoint: number;
  /** Between frames while 20 more points come, one after each 50 ms; a screen makes 60 a second. */
  readonly frameMs: {
    readonly median: number;
    readonly worst: number;
    readonly count: number;
    readonly dropped: number;
  };
}

export const CHROMIUM = [process.env['CASSL_CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (path) => path !== undefined && existsSync(path),
);
const MORE = 20;
/** Two turns of a screen of 60 Hz: where a frame was to be, none was. */
const DROPPED_MS = 2 * (1000 / 60) - 1;

/** A trainer with one training of so many points; `MORE` further ones come once `grow` is called. */
export interface CurveServer {
  readonly address: string;
  grow(): void;
  stop(): Promise<void>;
}

export async function serveCurves(points: number): Promise<CurveServer> {
  const growing = Promise.withResolvers<void>();
  const server: RunningServer = await serve({
    name: 'curves',
    logger: createLogger({ name: 'curves', level: 'silent' }),
    services: [implement(TrainerServiceDefinition, trainer(points, growing.promise))],
    security: {},
  });
  return {
    address: server.address,
    grow: () => growing.resolve(),
    stop: () => server.stop({ drainMs: 500 }),
  };
}

function trainer(points: number, growing: Promise<void>): TrainerServiceImplementation {
  const none = (): never => {
    throw new CasslError('UNIMPLEMENTED', 'this trainer has curves alone');
  };
  return {
    startTraining: none,
    getTraining: none,
    cancelTraining: none,
    resumeTraining: none,
    listTrainings: () => Promise.resolve({ trainings: [training([])], nextPageToken: '' }),
    async *watchTraining(_request, { signal }) {
      yield { training: training(Array.from({ length: points }, (_, index) => index + 1)) };
      await growing;
      for (let more = 1; more <= MORE; more++) {
        yield { training: training([points + more]) };
        await delay(50, undefined, { signal });
      }
      await delay(60_000, undefined, { signal });
    },
  };
}

function training(iterations: readonly number[]): Training {
  const curve = iterations.map((iteration) => ({
    ...{ iteration, learningRate: 0.001, imagesPerSecond: 30 },
    losses: { total: 1 / iteration, cls: 0.5 },
  }));
  const progress = { done: iterations.at(-1) ?? 0, total: 1e6, unit: 'iterations' };
  return Training.fromPartial({ status: { id: 'long', state: 'JOB_STATE_RUNNING', progress }, curve });
}

/** Looks at `url`/trainings in Chromium while the server grows the curve. */
export async function measureCurves(url: string, points: number, server: CurveServer): Promise<CurvesResult> {
  const browser = await chromium.launch({ executablePath: CHROMIUM ?? '', args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    const paints: number[] = [];
    for (let visit = 0; visit < 4; visit++) paints.push(await firstPaint(page, `${url}/trainings`));
    const startedAt = performance.now();
    await page.goto(`${url}/trainings?runs=long`);
    await page.getByRole('img', { name: /loss\/total: long/ }).waitFor();
    const drawnMs = Math.round(performance.now() - startedAt);
    const cpu = await mainThread(page);
    const before = await cpu();
    const frames = await framesWhile(page, async () => {
      server.grow();
      await page.waitForTimeout(MORE * 50 + 500);
    });
    const cpuMsPerPoint = Number((((await cpu()) - before) / MORE).toFixed(1));
    return { cpuMsPerPoint, points, firstPaintMs: Math.round(Math.min(...paints)), drawnMs, frameMs: frames };
  } finally {
    await browser.close();
  }
}

/** Milliseconds of processor time that the page's main thread has taken so far. */
async function mainThread(page: Page): Promise<() => Promise<number>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    return 1000 * (metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN);
  };
}

async function firstPaint(page: Page, url: string): Promise<number> {
  await page.goto(url);
  await page.getByRole('heading').first().waitFor();
  return page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? NaN");
}

async function framesWhile(page: Page, act: () => Promise<void>): Promise<CurvesResult['frameMs']> {
  await page.evaluate(`window.frames_ = []; (function look(before) {
    requestAnimationFrame((now) => { frames_.push(now - before); look(now); });
  })(performance.now())`);
  await act();
  const frames: number[] = await page.evaluate('frames_');
  const sorted = frames.sort((a, b) => a - b).map((ms) => Number(ms.toFixed(1)));
  const dropped = sorted.filter((ms) => ms > DROPPED_MS).length;
  return {
    median: sorted[sorted.length >> 1] ?? NaN,
    worst: sorted.at(-1) ?? NaN,
    count: sorted.length,
    dropped,
  };
}
