import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '@cassl/cli';
import { ExternalScalerDefinition } from '@cassl/proto';
import { createClient, type RpcClient } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type Cluster } from './cluster.ts';
import { openClients, until, type Clients } from './clients.ts';
import { publishMicroLabeler } from './cluster/release.ts';
import { makeMicroData } from './micro-pipeline.ts';

/** `CASSL_SCALER_RESTARTS=20` is the long variant. */
const RESTARTS = Number(process.env.CASSL_SCALER_RESTARTS ?? 3);
const DRAIN = { name: 'workers', namespace: 'n', scalerMetadata: { drainSeconds: '60', pool: '' } };
let cluster: Cluster;
let clients: Clients;
let scaler: RpcClient<ExternalScalerDefinition>;
let poolSize: number;

beforeAll(async () => {
  const port = await freePort();
  // Nobody labels: the work stays the same, so that every other answer is a wrong one.
  const labeler = { CASSL_LABEL_WORKERS: '0', CASSL_SCALER_PORT: String(port) };
  cluster = await startCluster({ env: { labeler } });
  clients = openClients(cluster.endpoints);
  scaler = createClient(ExternalScalerDefinition, `127.0.0.1:${port}`);
  const data = await makeMicroData(join(cluster.home, 'scenes'));
  ({ poolSize } = data);
  await clients.labeler.startLabeling({
    id: 'waiting',
    spec: {
      checkpoint: await publishMicroLabeler(clients),
      pool: { uri: data.pool, limit: 0 },
      options: { threshold: 0.05, maxDetections: 5 },
      outputUri: `file://${cluster.home}/labels`,
      shardSize: 8,
    },
  });
  await until(
    async () => (await clients.labeler.getLabeling({ id: 'waiting' })).labeling?.status?.progress?.total,
    (total) => total === poolSize,
  );
}, 120_000);
afterAll(async () => {
  scaler.close();
  clients.close();
  await cluster.stop();
});

const ask = async (): Promise<number> => {
  const { metricValues } = await scaler.getMetrics(
    { scaledObjectRef: DRAIN, metricName: 'work-seconds' },
    { deadlineMs: 2000 },
  );
  return metricValues[0]!.metricValueFloat;
};

describe(`the scaler over ${RESTARTS} kills of broker and labeler`, () => {
  it('answers the work that there is, or an error, and nothing else', async () => {
    const answers = new Map<number, number>();
    let errors = 0;
    let isOver = false;
    const asking = (async () => {
      while (!isOver) {
        await ask().then(
          (value) => answers.set(value, (answers.get(value) ?? 0) + 1),
          () => (errors += 1),
        );
        await delay(20);
      }
    })();
    for (let restart = 0; restart < RESTARTS; restart += 1) {
      const names = (['labeler', 'nats-server', 'both'] as const)[restart % 3]!;
      const victims = names === 'both' ? (['labeler', 'nats-server'] as const) : [names];
      for (const name of victims) await cluster.kill(name);
      for (const name of [...victims].reverse()) await cluster.start(name);
      await until(
        () => ask().catch(() => undefined),
        (value) => value !== undefined,
      );
    }
    isOver = true;
    await asking;
    expect([...answers.keys()]).toEqual([expect.closeTo((poolSize * 2) / 3, 6)]);
    expect(errors).toBeGreaterThan(0);
  }, 600_000);
});
