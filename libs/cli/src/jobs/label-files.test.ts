import { Labeling, LabelerServiceDefinition, LabelFile } from '@cassl/proto';
import { createLogger, implement, serve, type RunningServer } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { cassl } from '../in-process.fixture.ts';

describe('cassl jobs files', () => {
  let server: RunningServer;
  beforeAll(async () => {
    const labeling = Labeling.fromPartial({ status: { id: 'photos-1', state: 'JOB_STATE_SUCCEEDED' } });
    const methods = Object.keys(LabelerServiceDefinition.methods);
    const none = Object.fromEntries(methods.map((name) => [name, () => Promise.reject(new Error(name))]));
    const files = [0, 1].map((index) => LabelFile.fromPartial({ index, uri: `file:///${index}.jsonl.gz` }));
    const answers = {
      getLabeling: () => Promise.resolve({ labeling }),
      // One a page.
      listLabelFiles: ({ pageToken }: { readonly pageToken: string }) => {
        const at = Number(pageToken || 0);
        return Promise.resolve({ files: files.slice(at, at + 1), nextPageToken: at === 0 ? '1' : '' });
      },
    };
    server = await serve({
      name: 'labeler',
      logger: createLogger({ name: 'labeler', level: 'silent' }),
      services: [implement(LabelerServiceDefinition, { ...none, ...answers } as never)],
      security: {},
    });
    vi.stubEnv('CASSL_LABELER_ADDRESS', server.address);
  });
  afterAll(async () => {
    vi.unstubAllEnvs();
    await server.stop({ drainMs: 500 });
  });

  it('prints every field of every file, zeros too', async () => {
    const { out, code } = await cassl('jobs', 'files', 'labeling/photos-1', '--json');
    const counts = { labeledImages: 0, emptyImages: 0, failedImages: 0, labelCount: 0 };
    expect(code).toBe(0);
    expect(
      out
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([0, 1].map((index) => ({ index, uri: `file:///${index}.jsonl.gz`, digest: '', ...counts })));
  });
});
