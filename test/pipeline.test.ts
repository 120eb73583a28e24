import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { load } from '@grpc/proto-loader';
import { readLabelFiles, type LabelRecord } from '@cassl/labels';
import { connectEvents, openEvents } from '@cassl/events';
import { JobState, type Labeling, type Pipeline } from '@cassl/proto';
import { inTrace, startTelemetry, type Telemetry } from '@cassl/telemetry';
import { startTestCollector, type CollectedSpan, type TestCollector } from '@cassl/telemetry/test-collector';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openClients, pipelineEnd, type Clients } from './clients.ts';
import { startCluster, type Cluster } from './cluster.ts';
import { nearly } from './nearly.ts';
import { makeMicroData, microPipeline, type MicroData } from './micro-pipeline.ts';
import { spanPath } from './span-path.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
let cluster: Cluster;
let clients: Clients;
let data: MicroData;
let pipeline: Pipeline;
let collector: TestCollector;
let telemetry: Telemetry;
/** The trace in which the pipeline is asked for, sampled. */
const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const CALLER = `00-${TRACE_ID}-b7ad6b7169203331-01`;
const kinds = new Set<string>();

beforeAll(async () => {
  collector = await startTestCollector();
  telemetry = await startTelemetry({ name: 'caller', exports: { traces: false, metrics: false } });
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '200',
    OTEL_METRIC_EXPORT_INTERVAL: '5000',
  };
  cluster = await startCluster({ env: { registry: env, trainer: env, labeler: env, evaluator: env } });
  clients = openClients(cluster.endpoints);
  data = await makeMicroData(join(cluster.home, 'scenes'));
  const spec = microPipeline(data, pathToFileURL(join(cluster.home, 'out')).href);
  await inTrace(CALLER, () => clients.pipelines.start({ id: 'micro-1', spec }));
  pipeline = await pipelineEnd(clients, 'micro-1', 600_000);
}, 700_000);

afterAll(async () => {
  clients.close();
  const ends = await cluster.stop();
  expect(ends).toEqual({
    'registry-0': 'exit code 0',
    'trainer-0': 'exit code 0',
    'labeler-0': 'exit code 0',
    'evaluator-0': 'exit code 0',
  });
  await telemetry.stop();
  await collector.close();
}, 120_000);

async function labelsOf(id: string): Promise<LabelRecord[]> {
  const { labeling } = await clients.labeler.getLabeling({ id });
  const records = [];
  for await (const record of readLabelFiles(labeling!.labelUris)) records.push(record);
  return records;
}

const commandEnv = (): NodeJS.ProcessEnv => ({
  ...process.env,
  CASSL_REGISTRY_ADDRESS: cluster.endpoints.registry,
  CASSL_LABELER_ADDRESS: cluster.endpoints.labeler,
});
const valImage = (): string => join(fileURLToPath(data.validation.imagesUri), '000000200001.jpg');

describe('a pipeline through the four services', () => {
  it('goes through every stage and reports both arms', () => {
    expect(pipeline.status).toMatchObject({ state: JobState.JOB_STATE_SUCCEEDED });
    expect(pipeline.stages.map(({ name }) => name)).toEqual([
      'labeler',
      'evaluate/labeler',
      'threshold',
      'labeling',
      'pseudo-labels',
      'warmup',
      'evaluate/warmup',
      'finetune/warmup/1',
      'evaluate/finetune/warmup/1',
      'finetune/scratch/1',
      'evaluate/finetune/scratch/1',
    ]);
    const { report } = pipeline;
    expect(report!.arms.map(({ name }) => name)).toEqual(['warmup', 'scratch']);
    for (const { metrics } of report!.arms) {
      expect(Object.keys(metrics)).toEqual(
        expect.arrayContaining(['boxAP', 'boxAP50', 'boxAPAgnostic', 'maskAP', 'maskAP50']),
      );
      expect(metrics.boxAP!.seeds).toHaveLength(1);
    }
    expect(Object.keys(report!.pseudoLabels).sort()).toEqual([
      'boxAPAgnostic',
      'f1',
      'maskAPAgnostic',
      'precision',
      'recall',
      'threshold',
    ]);
    expect(report!.labeler.boxAPAgnostic).toBeGreaterThanOrEqual(0);
    expect(report!.timings.warmup).toBeGreaterThan(0);
  });

  it('is one trace, from the call that asked for it to the committed shards and the workers', async () => {
    const ofTrace = (): CollectedSpan[] => collector.spans.filter(({ traceId }) => traceId === TRACE_ID);
    const ways = (): string[][] =>
      ofTrace()
        .filter(({ name }) => name === 'commit shard')
        .map((shard) => spanPath(shard, collector.spans));
    await vi.waitFor(
      () => {
        expect(ways().length).toBeGreaterThan(0);
        for (const way of ways()) {
          // The span of this process's client is not exported.
          expect(way).toEqual([
            'cassl.v1.PipelineService/Start',
            'run pipeline',
            'cassl.v1.LabelerService/StartLabeling',
            'cassl.v1.LabelerService/StartLabeling',
            'run labeling',
            'send JOBS_shards',
            'process JOBS_shards',
            'commit shard',
          ]);
        }
        expect([...new Set(ofTrace().map(({ service }) => service))].sort()).toEqual([
          'cassl-check-worker',
          'cassl-evaluation-worker',
          'cassl-evaluator',
          'cassl-label-worker',
          'cassl-labeler',
          'cassl-registry',
          'cassl-trainer',
          'cassl-training-worker',
        ]);
      },
      { timeout: 20_000, interval: 500 },
    );
  });

  it('is measured by each service under the names of the conventions', async () => {
    const measured = (): string[] =>
      collector.metrics
        .filter(({ name, attributes }) => name === 'rpc.server.call.duration' && attributes['rpc.method'])
        .map(({ service }) => service);
    await vi.waitFor(
      () =>
        expect([...new Set(measured())].sort()).toEqual([
          'cassl-evaluator',
          'cassl-labeler',
          'cassl-registry',
          'cassl-trainer',
        ]),
      { timeout: 20_000, interval: 500 },
    );
  });

  it('labels every image of the pool once', async () => {
    const records = await labelsOf('micro-1-labeling');
    expect(new Set(records.map(({ key }) => key)).size).toBe(data.poolSize);
    expect(records).toHaveLength(data.poolSize);
  });

  it('writes lineage, data digests and configuration into every checkpoint', async () => {
    const { checkpoint: detector, evaluations } = await clients.registry.getCheckpoint({
      reference: 'micro/detector',
    });
    const { checkpoint: warmup } = await clients.registry.getCheckpoint({ reference: 'micro/warmup' });
    const { checkpoint: labeler } = await clients.registry.getCheckpoint({ reference: 'micro/labeler' });
    expect(detector!.manifest!.parents).toEqual([warmup!.digest]);
    expect(warmup!.manifest!.parents).toEqual([labeler!.digest]);
    expect(warmup!.manifest!.data.map(({ role }) => role)).toEqual(['pseudo-labels', 'unlabeled']);
    expect(labeler!.manifest!.categories).toEqual([{ id: expect.any(Number), name: 'object' }]);
    expect(detector!.manifest!.categories.length).toBeGreaterThan(1);
    expect(detector!.manifest).toMatchObject({
      seed: 1,
      iterations: 4,
      trainingId: 'micro-1-finetune-warmup-1',
    });
    expect(detector!.manifest!.data[0]!.digest).toMatch(/^[0-9a-f]{64}$/);
    expect(evaluations.map(({ id }) => id)).toEqual(['micro-1-evaluate-finetune-warmup-1']);
  });

  it('returns the same job for the same id, and refuses the id for another specification', async () => {
    const spec = pipeline.spec!;
    const again = await clients.pipelines.start({ id: 'micro-1', spec });
    expect(again.pipeline!.status!.state).toBe(JobState.JOB_STATE_SUCCEEDED);
    await expect(
      clients.pipelines.start({ id: 'micro-1', spec: { ...spec, seeds: [5] } }),
    ).rejects.toMatchObject({
      code: 'ALREADY_EXISTS',
    });
  });

  it('tells the world', async () => {
    const connection = await connectEvents({ servers: `nats://127.0.0.1:${cluster.natsPort}`, name: 'test' });
    const bus = await openEvents(connection);
    const signal = AbortSignal.timeout(3000);
    for await (const { fact } of bus.subscribe({ durable: 'test', signal })) {
      if (fact !== undefined) kinds.add(fact.$case);
    }
    await connection.close();
    expect([...kinds].sort()).toEqual([
      'aliasMoved',
      'checkpointPublished',
      'evaluation',
      'labeling',
      'pipeline',
      'training',
    ]);
  });
});

describe('clients', () => {
  it('get the same answer from cassl detect and from a client that knows only the .proto files', async () => {
    const image = valImage();
    const cli = await promisify(execFile)(
      process.execPath,
      [
        join(ROOT, 'libs/cli/src/main.ts'),
        'detect',
        image,
        '--alias',
        'micro/detector',
        '--json',
        '--threshold',
        '0.05',
        '--home',
        cluster.home,
      ],
      {
        env: commandEnv(),
      },
    );
    const definition = await load('cassl/v1/detector.proto', {
      includeDirs: [join(ROOT, 'proto')],
      defaults: true,
      arrays: true,
    });
    const { cassl } = loadPackageDefinition(definition) as unknown as {
      cassl: { v1: { DetectorService: ServiceClientConstructor } };
    };
    const client = new cassl.v1.DetectorService(cluster.endpoints.labeler, credentials.createInsecure());
    const request = {
      checkpoint: 'micro/detector',
      image: { key: image, encoded: await readFile(image) },
      options: { threshold: 0.05 },
    };
    const dynamic = await new Promise<{ detections: { detections: unknown[] } }>((resolve, reject) => {
      (client as never as { detect: (r: object, done: (e: Error | null, a: never) => void) => void }).detect(
        request,
        (error, answer) => (error === null ? resolve(answer) : reject(error)),
      );
    });
    client.close();
    const ours = (JSON.parse(cli.stdout) as { detections: Record<string, unknown>[] }).detections;
    expect(ours.length).toBeGreaterThan(0);
    expect(dynamic.detections.detections).toHaveLength(ours.length);
    expect(dynamic.detections.detections[0]).toMatchObject({
      ...ours[0],
      mask: expect.objectContaining({ counts: (ours[0]!.mask as { counts: string }).counts }),
    });
  });

  it('stream images in both directions; a bad one gets an error and the rest go on', async () => {
    const encoded = await readFile(valImage());
    const sources = [encoded, encoded.subarray(0, 200), Buffer.from('no image'), encoded];
    async function* requests(): AsyncGenerator<object> {
      for (const [index, value] of sources.entries()) {
        yield await Promise.resolve({
          checkpoint: index === 0 ? 'micro/labeler' : '',
          image: { key: `i${index}`, source: { $case: 'encoded', value } },
        });
      }
    }
    const answers = [];
    for await (const { detections } of clients.labeler.labelStream(requests() as never, {
      deadlineMs: 60_000,
    })) {
      answers.push(detections!);
    }
    expect(answers.map(({ key, error }) => [key, error?.code])).toEqual([
      ['i0', undefined],
      ['i1', 'INVALID_ARGUMENT'],
      ['i2', 'INVALID_ARGUMENT'],
      ['i3', undefined],
    ]);
    expect(answers[3]!.detections).toEqual(answers[0]!.detections.map(nearly));
  });
});

describe('cassl label', () => {
  it('is one trace from the command to the committed shard', async () => {
    const command = [join(ROOT, 'libs/cli/src/main.ts'), 'label', fileURLToPath(data.pool)];
    const flags = [
      '--alias',
      'micro/labeler',
      '--out',
      join(cluster.home, 'by-command'),
      '--shard-size',
      '16',
    ];
    const env = { ...commandEnv(), OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
    await promisify(execFile)(process.execPath, [...command, ...flags, '--home', cluster.home], { env });
    const ofCommand = (): CollectedSpan | undefined =>
      collector.spans.find(({ name }) => name === 'cassl label');
    const shards = (): CollectedSpan[] =>
      collector.spans.filter(
        ({ name, traceId }) => name === 'commit shard' && traceId === ofCommand()?.traceId,
      );
    const check = (): void => {
      expect(shards()).toHaveLength(data.poolSize / 16);
      for (const path of shards().map((shard) => spanPath(shard, collector.spans)))
        expect([path[0], path.includes('run labeling'), path.at(-1)]).toEqual([
          'cassl label',
          true,
          'commit shard',
        ]);
    };
    // The job's own span comes last.
    await vi.waitFor(check, { timeout: 30_000, interval: 500 });
  }, 120_000);
});

describe('bad input', () => {
  const detect = (checkpoint: string, value: Buffer): Promise<unknown> =>
    clients.detector.detect(
      { checkpoint, image: { key: 'x', source: { $case: 'encoded', value } } },
      { deadlineMs: 60_000 },
    );

  it('names what to change', async () => {
    const encoded = await readFile(valImage());
    await expect(detect('no/such', encoded)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('no/such'),
    });
    await expect(detect('', encoded)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(detect('micro/detector', encoded.subarray(0, encoded.length >> 1))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/truncated|damaged/),
    });
    await expect(detect('micro/detector', Buffer.alloc(0))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(detect('micro/detector', Buffer.from('plain text'))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(
      clients.labeler.label({
        checkpoint: 'micro/detector',
        image: { source: { $case: 'encoded', value: encoded } },
      }),
    ).rejects.toMatchObject({
      code: 'FAILED_PRECONDITION',
      message: expect.stringContaining('class-agnostic'),
    });
    await expect(clients.trainer.startTraining({ id: 'bad id', spec: {} })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    await expect(
      clients.trainer.startTraining({ id: 'x', spec: { model: { preset: 'tiny' } } }),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('TrainingSpec.schedule is missing'),
    });
    await expect(clients.trainer.getTraining({ id: 'nobody' })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('counts and lists images that cannot be read, and labels the others', async () => {
    const folder = fileURLToPath(data.pool);
    await writeFile(join(folder, 'zz-text.jpg'), 'this is text');
    await writeFile(join(folder, 'zz-zero.jpg'), '');
    await writeFile(join(folder, 'zz-cut.jpg'), (await readFile(valImage())).subarray(0, 400));
    const spec = {
      checkpoint: 'micro/labeler',
      pool: { uri: data.pool },
      options: { threshold: 0.05 },
      outputUri: pathToFileURL(join(cluster.home, 'bad')).href,
      shardSize: 16,
    };
    await clients.labeler.startLabeling({ id: 'with-bad', spec });
    let last: Labeling | undefined;
    for await (const { labeling } of clients.labeler.watchLabeling(
      { id: 'with-bad' },
      { deadlineMs: 60_000 },
    ))
      last = labeling;
    expect(last).toMatchObject({ status: { state: JobState.JOB_STATE_SUCCEEDED }, failedImages: 3 });
    expect(last!.failures.map(({ key, error }) => [key, error!.code]).sort()).toEqual([
      ['zz-cut.jpg', 'INVALID_ARGUMENT'],
      ['zz-text.jpg', 'INVALID_ARGUMENT'],
      ['zz-zero.jpg', 'INVALID_ARGUMENT'],
    ]);
    expect(await labelsOf('with-bad')).toHaveLength(data.poolSize);
  });

  it('refuses a training whose data is not there, and says where it looked', async () => {
    const nowhere = pathToFileURL(join(cluster.home, 'nowhere/a.json')).href;
    const missing = { ...data.labeled, annotationsUri: nowhere };
    const spec = {
      ...pipeline.spec!.labeler,
      model: pipeline.spec!.model,
      data: { $case: 'labeled' as const, value: missing },
      seed: 1,
    };
    await expect(clients.trainer.startTraining({ id: 'missing-data', spec })).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining('/nowhere/a.json'),
    });
  });
});
