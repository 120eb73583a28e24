import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePort } from '@cassl/cli';
import { connect, connectHttp, type CasslClient } from '@cassl/client';
import { isEnded } from '@cassl/jobs';
import { JobState, TrainingSpec, type ImageDetections } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClients, until, type Clients } from './clients.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { makeMicroData, MICRO_MODEL, microStage } from './micro-pipeline.ts';

const run = promisify(execFile);
const python = resolve(process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python');
const PYTHON_CLIENT = join(import.meta.dirname, '../clients/python');
const MODEL = 'demo/served@prod';
const THRESHOLD = 0.2;
const IMAGES = 3;

/** A finding in the numbers of the wire. */
interface Found {
  readonly box: readonly number[];
  readonly score: number;
  readonly label: number;
  readonly mask: string | undefined;
}

let cluster: Cluster;
let clients: Clients;
let httpPort: number;
let images: readonly string[];

describe.skipIf(!existsSync(python))('a checkpoint that the trainer has trained (needs CASSL_PYTHON)', () => {
  beforeAll(async () => {
    httpPort = await freePort();
    cluster = await startCluster({ env: { labeler: { CASSL_HTTP_PORT: String(httpPort) } } });
    clients = openClients(cluster.endpoints);
    const { labeled, validation } = await makeMicroData(join(cluster.home, 'scenes'));
    const folder = fileURLToPath(validation.imagesUri);
    images = (await readdir(folder))
      .sort()
      .slice(0, IMAGES)
      .map((name) => join(folder, name));
    const spec = TrainingSpec.fromPartial({
      stage: 'STAGE_LABELER',
      model: MICRO_MODEL,
      data: { $case: 'labeled', value: labeled },
      schedule: microStage(20).schedule,
      alias: MODEL,
    });
    await clients.trainer.startTraining({ id: 'served', spec });
    const ask = async () => (await clients.trainer.getTraining({ id: 'served' })).training!;
    const { status } = await until(ask, (training) => isEnded(training.status));
    expect(status!.state).toBe(JobState.JOB_STATE_SUCCEEDED);
  });
  afterAll(async () => {
    clients?.close();
    await cluster?.stop();
  });

  it('gives each client of each protocol the boxes, scores, classes and masks that Detect gives, to the last bit', async () => {
    const wanted: Found[][] = [];
    for (const path of images) {
      const image = { key: '', source: { $case: 'encoded', value: await readFile(path) } } as const;
      const { detections } = await clients.detector.detect({
        checkpoint: MODEL,
        image,
        options: { threshold: THRESHOLD },
      });
      wanted.push(ofProto(detections!));
    }
    for (const found of wanted) expect(found.length).toBeGreaterThan(0);
    expect(wanted.flat().some(({ mask }) => mask !== undefined && mask !== '')).toBe(true);

    const address = cluster.endpoints.labeler;
    const answers = await askPython(address);
    expect(Object.keys(answers)).toHaveLength(3);
    for (const [client, found] of Object.entries(answers)) expect(found, client).toEqual(wanted);
    expect(await askTypeScript(connect(address))).toEqual(wanted);
    expect(await askTypeScript(connectHttp(`http://127.0.0.1:${httpPort}`))).toEqual(wanted);
  });
});

function ofProto({ detections }: ImageDetections): Found[] {
  return detections.map(({ box, score, categoryId: label, mask }) => ({
    box: [box!.x1, box!.y1, box!.x2, box!.y2],
    score,
    label,
    mask: mask?.counts,
  }));
}

async function askTypeScript(client: CasslClient): Promise<Found[][]> {
  const answers: Found[][] = [];
  try {
    for (const path of images) {
      const { detections } = await client.detect(await readFile(path), {
        model: MODEL,
        threshold: THRESHOLD,
        timeoutMs: 60_000,
      });
      answers.push(
        detections.map(({ box: { x1, y1, x2, y2 }, score, categoryId: label, mask }) => ({
          // JSON has all the digits of the computation, the protos those of a float.
          box: [x1, y1, x2, y2].map(Math.fround),
          score: Math.fround(score),
          label,
          mask: mask?.counts,
        })),
      );
    }
    return answers;
  } finally {
    client.close();
  }
}

async function askPython(address: string): Promise<Record<string, Found[][]>> {
  const site = join(cluster.home, 'site');
  const pip = ['-m', 'pip', '--disable-pip-version-check', '-q', 'install', '--no-deps', '--target', site];
  await run(python, [...pip, PYTHON_CLIENT], { timeout: 300_000 });
  const script = join(import.meta.dirname, 'served-checkpoint.interop.py');
  const words = [script, address, `127.0.0.1:${httpPort}`, MODEL, String(THRESHOLD), ...images];
  const env = { ...process.env, PYTHONPATH: site };
  const { stdout } = await run(python, words, { env, timeout: 300_000, maxBuffer: 2 ** 26 });
  return JSON.parse(stdout) as Record<string, Found[][]>;
}
