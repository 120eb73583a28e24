/**
 * Serving: one detector behind our runtime and behind two Python servers, JPEG in, boxes out, closed loops of 1, 8, 32 and 128 callers
 * on mixed photos; the runtime's own cost with a model that does nothing; a cold start. `--seconds N` measures each case so long (default 6),
 * `--side N` makes the model's input larger or smaller than 160 pixels, `--telemetry` measures only what watching costs.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLoad, type LoadResult } from '@cassl/cli/load';
import { encodeJpeg } from '@cassl/vision';
import { option, type BenchmarkOptions } from '../options.ts';
import { askBareGrpcio, askLitServe, askOurs, type Asker } from './ask-peer.ts';
import { measureTelemetry } from './measure-telemetry.ts';
import { makeModel, SMALL_SIDE, type BenchModel } from './model.ts';
import { readPhotos } from './read-photos.ts';
import { startServer } from './start-server.ts';

export const needsPython = true;

const CLIENTS = [1, 8, 32, 128];
const MAX_BATCH = 8;
/** As CASSL_MODEL_RUNTIME=auto. */
const RUNTIME = 'auto';
const NO_PHOTO = new Uint8Array();
const WARM_UP_MS = 1500;

interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Processor time of the server, milliseconds an answer. */
  readonly cpuMs: number;
  /** Answers, those of the warm-up included. */
  readonly calls: number;
  readonly errors: LoadResult['errors'];
}

const NOTHING: Measured = { perSecond: NaN, p50: NaN, p99: NaN, cpuMs: NaN, calls: 0, errors: {} };

type Cases = Readonly<Record<number, Measured>>;

interface ServerCase {
  readonly file: string;
  readonly spec: object;
  readonly open: (address: string) => Promise<Asker>;
}

export async function run({ json, argv }: BenchmarkOptions): Promise<void> {
  const seconds = Number(option(argv, '--seconds') ?? 6);
  const side = Number(option(argv, '--side') ?? SMALL_SIDE);
  const home = await mkdtemp(join(tmpdir(), 'cassl-serving-'));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  try {
    const photos = await readPhotos();
    const model = await makeModel(home, side);
    const python = { model, threads: availableParallelism(), maxBatch: MAX_BATCH };
    const ours = { file: 'ours.ts', open: askOurs };
    const measure = (server: ServerCase, clients: readonly number[]): Promise<Cases> =>
      measureServer(server, photos, clients, seconds * 1000);
    if (argv.includes('--telemetry')) {
      const { [1]: one = NOTHING } = await measure(
        { ...ours, spec: { model, maxBatch: MAX_BATCH, runtime: RUNTIME } },
        [1],
      );
      const share = await measureTelemetry(
        (isObserved) => measureNoOp((seconds * 1000) / 2, isObserved),
        one.cpuMs,
      );
      console.log(JSON.stringify({ ratios: { telemetry: share }, cpuMsOfDetect: one.cpuMs }));
      return;
    }
    const batched = await measure(
      { ...ours, spec: { model, maxBatch: MAX_BATCH, runtime: RUNTIME } },
      CLIENTS,
    );
    const bare = await measure({ file: 'bare_grpcio.py', spec: python, open: askBareGrpcio }, CLIENTS);
    const lit = await measure({ file: 'lit_serve.py', spec: python, open: askLitServe }, CLIENTS);
    const unbatched = await measure({ ...ours, spec: { model, maxBatch: 1, runtime: RUNTIME } }, [32]);
    const overheadMs = (await measureNoOp(seconds * 1000)).p50;
    const noOp = (isObserved: boolean): Promise<Measured> => measureNoOp((seconds * 1000) / 2, isObserved);
    const telemetry = await measureTelemetry(noOp, batched[1]?.cpuMs ?? NaN);
    const coldStart = await measureColdStart(RUNTIME, model, photos[0] ?? NO_PHOTO);
    const coldStartOfTorch = await measureColdStart('torch', model, photos[0] ?? NO_PHOTO);
    const result = {
      ratios: { ...ratiosOf(batched, [bare, lit], unbatched), telemetry },
      overheadMs,
      coldStartSeconds: coldStart.seconds,
      coldStartCpuSeconds: coldStart.cpuSeconds,
      coldStartOfTorch,
      side,
      photos: photos.length,
      cases: { ours: batched, bareGrpcio: bare, litServe: lit, oursUnbatched: unbatched },
    };
    console.log(json ? JSON.stringify(result) : result);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Against the better peer in each; above 1 is better for throughput, below 1 for times. */
function ratiosOf(ours: Cases, peers: readonly Cases[], unbatched: Cases): Readonly<Record<string, number>> {
  const at = (cases: Cases, clients: number): Measured => cases[clients] ?? NOTHING;
  const best = (clients: number): number => Math.max(...peers.map((peer) => at(peer, clients).perSecond));
  const least = (clients: number, of: 'p50' | 'p99' | 'cpuMs'): number =>
    Math.min(...peers.map((peer) => at(peer, clients)[of]));
  return {
    throughput32: at(ours, 32).perSecond / best(32),
    p99At32: at(ours, 32).p99 / least(32, 'p99'),
    p50At1: at(ours, 1).p50 / least(1, 'p50'),
    cpuAt32: at(ours, 32).cpuMs / least(32, 'cpuMs'),
    mixedBatching: at(ours, 32).perSecond / at(unbatched, 32).perSecond,
    mixedBatchingCpu: at(unbatched, 32).cpuMs / at(ours, 32).cpuMs,
  };
}

async function measureServer(
  { file, spec, open }: ServerCase,
  photos: readonly Uint8Array[],
  clients: readonly number[],
  durationMs: number,
): Promise<Cases> {
  const server = await startServer(file, spec);
  const asker = await open(server.address);
  const cases: Record<number, Measured> = {};
  try {
    for (const count of clients) {
      const ask = (turn: number, signal: AbortSignal): Promise<void> =>
        asker.ask(photos[turn % photos.length] ?? NO_PHOTO, signal);
      const shape = { kind: 'closed', clients: count } as const;
      const { answered: warm } = await runLoad(ask, { shape, durationMs: WARM_UP_MS });
      const cpu = await server.cpuSeconds();
      const { perSecond, latencyMs, answered, errors } = await runLoad(ask, { shape, durationMs });
      const cpuMs = (1000 * ((await server.cpuSeconds()) - cpu)) / answered;
      cases[count] = {
        perSecond,
        p50: latencyMs.p50,
        p99: latencyMs.p99,
        cpuMs,
        calls: warm + answered,
        errors,
      };
      console.error(`${file}, ${count} clients: ${JSON.stringify(cases[count])}`);
    }
  } finally {
    asker.close();
    await server.stop();
  }
  return cases;
}

/** One caller, a picture of 8 KB, a model that does nothing: what the service itself takes, decoding the picture included. */
async function measureNoOp(durationMs: number, isObserved = true): Promise<Measured> {
  const noise = Uint8Array.from(
    { length: 96 * 72 * 3 },
    (_, index) => (index * 7919 + (index >> 3) * 104_729) % 251,
  );
  const image = await encodeJpeg({ width: 96, height: 72, data: noise }, { quality: 80 });
  const cases = await measureServer(
    { file: 'ours.ts', spec: { maxBatch: MAX_BATCH, isObserved }, open: askOurs },
    [image],
    [1],
    durationMs,
  );
  return cases[1] ?? NOTHING;
}

/** From the start of the process to its first answer about a photo. */
async function measureColdStart(
  runtime: 'torch' | 'auto',
  model: BenchModel,
  photo: Uint8Array,
): Promise<{ seconds: number; cpuSeconds: number }> {
  const startedAt = performance.now();
  const server = await startServer('ours.ts', { model, maxBatch: MAX_BATCH, runtime });
  const asker = await askOurs(server.address);
  try {
    await asker.ask(photo, AbortSignal.timeout(60_000));
    return { seconds: (performance.now() - startedAt) / 1000, cpuSeconds: await server.cpuSeconds() };
  } finally {
    asker.close();
    await server.stop();
  }
}
