import { Evaluation, ListCheckpointsResponse, Stage } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { useRegistry } from '../registry.fixture.ts';
import { attachEvaluation } from './attach-evaluation.ts';
import { listCheckpoints } from './list-checkpoints.ts';

const test = useRegistry();

describe('the list of checkpoints', () => {
  it('goes on behind the last one seen, whatever is published meanwhile', async () => {
    const tags = { list: 'yes' };
    const digests = [
      await test.publish(50, { tags }),
      await test.publish(51, { tags }),
      await test.publish(52, { tags }),
    ];
    const page = (pageToken: string): ReturnType<typeof listCheckpoints> =>
      listCheckpoints(test.registry, { stage: Stage.STAGE_UNSPECIFIED, tags, pageSize: 2, pageToken });
    const first = await page('');
    await test.publish(53, { tags });
    const second = await page(first.nextPageToken);
    const seen = [...first.checkpoints, ...second.checkpoints].map(({ digest }) => digest);
    expect(seen).toEqual([...digests].reverse());
    expect(second.nextPageToken).toBe('');
  });

  it('is cut by its bytes too: clients of gRPC take 4 MiB, whatever the manifests hold', async () => {
    const manifest = { tags: { 'list-bytes': 'yes' }, codeVersion: 'x'.repeat(900_000) };
    const digests: string[] = [];
    for (let seed = 70; seed < 77; seed++) digests.push(await test.publish(seed, manifest));
    const seen: string[] = [];
    let pageToken = '';
    do {
      const request = {
        stage: Stage.STAGE_UNSPECIFIED,
        tags: { 'list-bytes': 'yes' },
        pageSize: 100,
        pageToken,
      };
      const page = await listCheckpoints(test.registry, request);
      expect(ListCheckpointsResponse.encode(page).finish().length).toBeLessThan(3.2 * 2 ** 20);
      expect(page.checkpoints.length).toBeGreaterThan(0);
      seen.push(...page.checkpoints.map(({ digest }) => digest));
      pageToken = page.nextPageToken;
    } while (pageToken !== '');
    expect(seen).toEqual([...digests].reverse());
  });

  it('never meets a manifest or an evaluation that is too long for a page', async () => {
    const long = 'x'.repeat(2 ** 20);
    await expect(test.publish(78, { tags: { long } })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(
        /^start\.manifest must be at most 1048576 bytes, got 1048\d{3}$/,
      ) as string,
    });
    const evaluation = Evaluation.fromPartial({ id: 'long', datasetUri: long });
    await expect(attachEvaluation(test.registry, { reference: 'x', evaluation })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^evaluation must be at most 1048576 bytes/) as string,
    });
  });

  it.each([
    [{ pageSize: 1001 }, 'page_size must be 0 to 1000, got 1001'],
    [{ pageToken: '-1' }, 'page_token must be one that ListCheckpoints gave, got "-1"'],
    [{ pageToken: '1e99' }, 'page_token must be one'],
  ])('is refused for %o', async (changes, message) => {
    const request = { stage: Stage.STAGE_UNSPECIFIED, tags: {}, pageSize: 0, pageToken: '', ...changes };
    await expect(listCheckpoints(test.registry, request)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });
});
