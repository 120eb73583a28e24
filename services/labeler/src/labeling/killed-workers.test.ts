import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openLabelSet } from '@cassl/labels';
import { JobState, Teacher, type Labeling, type LabelingSpec } from '@cassl/proto';
import { encodeJpeg } from '@cassl/vision';
import { startWorkerProcess, type WorkerProcess } from '@cassl/workers';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { serveNoOp, type TestServer } from '../faces/open-inference/serve-no-op.fixture.ts';
import { openTestLabeling, type TestLabeling } from './labeling.fixture.ts';

/** Known before, and then: eight shards of four, in which both kinds are mixed. */
const [KNOWN, ALL] = [16, 32];
/** Where a worker dies with its shard: before it counts, and after. */
const EDGES = ['after-blob', 'after-commit'];

let server: TestServer;
let test: TestLabeling;
beforeAll(async () => {
  server = await serveNoOp();
  test = await openTestLabeling({ teacherEndpoints: [`127.0.0.1:${server.server.port}`] });
  vi.stubEnv('CASSL_NATS_URL', test.natsUrl);
  vi.stubEnv('CASSL_DATA_DIR', test.home);
  vi.stubEnv('CASSL_SHARD_ACK_WAIT_MS', String(test.ackWaitMs));
  vi.stubEnv('CASSL_LOG_LEVEL', 'silent');
});
const running: WorkerProcess[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((worker) => worker.stop(10_000)));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await test.close();
  await server.stop();
});

function startWorker(failpoints = ''): WorkerProcess {
  const entry = join(import.meta.dirname, 'label-worker.ts');
  const worker = startWorkerProcess({
    entry,
    env: { CASSL_FAILPOINTS: failpoints, CASSL_DATA_ROOTS: test.home, CASSL_OUTPUT_ROOTS: test.home },
    onMessage: () => undefined,
  });
  running.push(worker);
  return worker;
}

/** Photos of different sizes; every second name is left for later. */
async function addPhotos(folder: string, from: number, to: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  for (let index = from; index < to; index++) {
    const name = `${String((2 * index) % ALL).padStart(3, '0')}-${index}.jpg`;
    const [width, height] = [20 + index, 24];
    await writeFile(
      join(folder, name),
      await encodeJpeg({ width, height, data: new Uint8Array(3 * width * height) }),
    );
  }
  return pathToFileURL(folder).href;
}

const start = async (
  id: string,
  uri: string,
  changes: Partial<LabelingSpec> = {},
  model = 'm',
): Promise<void> => {
  const value = { address: `127.0.0.1:${server.server.port}`, model };
  const teacher = Teacher.fromPartial({ source: { $case: 'endpoint', value } });
  await test.labelings.start(id, test.spec(uri, { checkpoint: '', teacher, ...changes }));
};

async function succeeded(id: string): Promise<Labeling> {
  const job = await test.ended(id, 120_000);
  expect(job.status).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED, error: undefined });
  return job;
}

async function keysOf({ labelSetUri }: Labeling): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of (await openLabelSet(labelSetUri)).rows()) keys.push(key);
  return keys;
}

describe('label workers that are killed over a pool of which half is known', () => {
  it('leave each image once, in the set of an undisturbed run; another model labels all of it anew', async () => {
    const folder = join(test.home, 'grown');
    const uri = await addPhotos(folder, 0, KNOWN);
    await start('first', uri);
    startWorker();
    const first = await succeeded('first');
    await addPhotos(folder, KNOWN, ALL);
    await start('whole', uri);
    const whole = await succeeded('whole');
    await running.splice(0)[0]!.stop(10_000);

    await start('grown', uri, { knownLabels: first.labelSetUri });
    // All at once: each dies at its first shard, and there are more of those.
    const killed = EDGES.map((edge) => startWorker(`${edge}=kill:1`).exited);
    for (const exit of await Promise.all(killed)) expect(exit).toMatchObject({ signal: 'SIGKILL' });
    startWorker();
    const grown = await succeeded('grown');
    expect(grown).toMatchObject({ knownImages: KNOWN, labeledImages: ALL, failedImages: 0 });
    expect(grown.labelSetDigest).toBe(whole.labelSetDigest);
    const keys = await keysOf(grown);
    expect(new Set(keys).size).toBe(ALL);
    expect(keys).toHaveLength(ALL);

    await start('other', uri, { knownLabels: first.labelSetUri }, 'n');
    const other = await succeeded('other');
    expect(other).toMatchObject({ knownImages: 0, labeledImages: ALL });
    expect(await keysOf(other)).toEqual(keys);
  }, 400_000);
});
