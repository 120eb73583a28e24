import { encodePng } from '@cassl/vision';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serveNoOp, type TestServer } from '../faces/open-inference/serve-no-op.fixture.ts';

const png = new Uint8Array(await encodePng({ width: 5, height: 4, data: new Uint8Array(60) }));
let test: TestServer;
beforeAll(async () => {
  test = await serveNoOp();
});
afterAll(() => test.stop());

describe('inference metrics', () => {
  it('count every image under Triton’s names and ours, with histograms, and no series for names that do not exist', async () => {
    const { inference, http } = test;
    const image = { kind: 'encoded', bytes: png } as const;
    await Promise.all([1, 2, 3].map(() => inference.infer({ model: 'm', image })));
    await inference.infer({ model: 'missing', image }).catch(() => undefined);
    await inference
      .infer({ model: 'm', image: { kind: 'encoded', bytes: new Uint8Array(3) } })
      .catch(() => undefined);
    const text = await (await fetch(`${http.url}/metrics`)).text();
    const value = (name: string, ...labels: string[]): number => {
      const line = text
        .split('\n')
        .find((one) => one.startsWith(`${name}{`) && labels.every((label) => one.includes(label)));
      return Number(line?.split(' ').at(-1));
    };
    expect(value('nv_inference_request_success', 'model="m"', 'version="1"')).toBe(3);
    expect(value('nv_inference_request_failure', 'reason="OTHER"')).toBe(1);
    expect(value('nv_inference_exec_count', 'model="m"')).toBeGreaterThan(0);
    expect(value('nv_inference_pending_request_count', 'model="m"')).toBe(0);
    expect(value('nv_inference_request_duration_us', 'model="m"')).toBeGreaterThan(0);
    expect(value('nv_inference_first_response_histogram_ms_bucket', 'le="+Inf"')).toBe(3);
    expect(value('cassl_inference_seconds_count', 'stage="compute"')).toBe(3);
    expect(text).not.toContain('missing');
  });
});
