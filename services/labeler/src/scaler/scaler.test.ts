import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import { serve, type RunningServer } from '@cassl/rpc';
import { afterEach, describe, expect, it } from 'vitest';
import { holdLast } from './hold-last.ts';
import type { DrainScope } from '../labeling/seconds-to-drain.ts';
import { scalerService } from './scaler-service.ts';

describe('a value that cannot be read now', () => {
  it('is the last one for a while, then an error, never a guess', async () => {
    let nowMs = 0;
    let value: number | undefined = 7;
    const read = holdLast(
      () => (value === undefined ? Promise.reject(new Error('broker away')) : Promise.resolve(value)),
      { maxAgeMs: 1000, now: () => nowMs },
    );
    expect(await read()).toBe(7);
    value = undefined;
    nowMs = 1000;
    expect(await read()).toBe(7);
    nowMs = 1001;
    await expect(read()).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringMatching(/broker away/),
    });
    value = 0;
    expect(await read()).toBe(0);
  });
});

describe('the scaler, asked by a client that knows only the wire', () => {
  let server: RunningServer | undefined;
  afterEach(() => server?.stop({ drainMs: 0 }));

  /** KEDA's own names, written down here a second time: the service must not drift from them. */
  async function kedaClient(
    read: (scope: DrainScope) => Promise<number>,
  ): Promise<(method: string, request: object) => Promise<unknown>> {
    server = await serve({ name: 'scaler', services: [scalerService(read)] });
    const schema = await readFile(join(import.meta.dirname, 'keda-wire.json'), 'utf8');
    const definition = fromJSON(JSON.parse(schema) as object, { longs: Number, defaults: true });
    const { externalscaler } = loadPackageDefinition(definition) as unknown as {
      externalscaler: { ExternalScaler: ServiceClientConstructor };
    };
    const client = new externalscaler.ExternalScaler(server.address, credentials.createInsecure());
    return (method, request) =>
      new Promise((resolve, reject) => {
        const { path, requestSerialize, responseDeserialize } =
          externalscaler.ExternalScaler.service[method]!;
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          (error, answer: unknown) => (error === null ? resolve(answer) : reject(error)),
        );
      });
  }
  const ref = (drainSeconds: string): object => ({
    name: 'w',
    namespace: 'n',
    scalerMetadata: { drainSeconds },
  });

  it('answers activity, target and value', async () => {
    const ask = await kedaClient(() => Promise.resolve(900.5));
    expect(await ask('IsActive', ref('300'))).toEqual({ result: true });
    expect(await ask('GetMetricSpec', ref('300'))).toEqual({
      metricSpecs: [{ metricName: 'work-seconds', targetSize: 300, targetSizeFloat: 300 }],
    });
    expect(await ask('GetMetrics', { scaledObjectRef: ref('300'), metricName: 'work-seconds' })).toEqual({
      metricValues: [{ metricName: 'work-seconds', metricValue: 901, metricValueFloat: 900.5 }],
    });
  });

  it('asks for the pool and the priority that the trigger names', async () => {
    const asked: DrainScope[] = [];
    const ask = await kedaClient((scope) => {
      asked.push(scope);
      return Promise.resolve(1);
    });
    const scalerMetadata = { pool: 'big', priority: '-5' };
    await ask('IsActive', { name: 'w', namespace: 'n', scalerMetadata });
    await ask('IsActive', ref('1'));
    expect(asked).toMatchObject([{ pool: 'big', priority: -5 }, { pool: '' }]);
    expect(asked[1]).not.toHaveProperty('priority');
  });

  it('is inactive when idle, and an error where it does not know', async () => {
    let read = (): Promise<number> => Promise.resolve(0);
    const ask = await kedaClient(() => read());
    expect(await ask('IsActive', ref('300'))).toEqual({ result: false });
    read = holdLast(() => Promise.reject(new Error('away')), { maxAgeMs: 1000 });
    await expect(ask('IsActive', ref('300'))).rejects.toThrow(/UNAVAILABLE.*not known now/);
    const badPriority = { name: 'w', namespace: 'n', scalerMetadata: { priority: '101' } };
    await expect(ask('IsActive', badPriority)).rejects.toThrow(
      /priority must be a whole number from -100 to 100/,
    );
    await expect(ask('GetMetricSpec', ref('soon'))).rejects.toThrow(
      /INVALID_ARGUMENT.*drainSeconds must be.*"soon"/,
    );
  });
});
