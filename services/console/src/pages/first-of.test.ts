import { describe, expect, it } from 'vitest';
import { firstOf, wantedCount } from './first-of.ts';

const asked: { pageSize: number; pageToken: string }[] = [];
/** A service that has so many, and gives at most seventy at once, however many are asked for. */
const service = (count: number) => (page: { pageSize: number; pageToken: string }) => {
  asked.push(page);
  const from = Number(page.pageToken || 0);
  const to = Math.min(count, from + Math.min(70, page.pageSize));
  const items = Array.from({ length: to - from }, (_, at) => from + at);
  return Promise.resolve({ items, nextPageToken: to < count ? String(to) : '' });
};

describe('the newest of a list', () => {
  it.each([
    [0, 100, false],
    [1, 100, false],
    [69, 70, false],
    [70, 70, false],
    [71, 70, true],
    [250, 100, true],
    [250, 250, false],
    [250, 5000, false],
  ])(
    'of %i are at most %i, in order, and it is told whether there are more: %s',
    async (count, most, isMore) => {
      const listed = await firstOf(most, service(count));
      expect(listed.items).toEqual(Array.from({ length: Math.min(count, most) }, (_, index) => index));
      expect(listed.isMore).toBe(isMore);
    },
  );

  it('are asked for by larger pages where the service gives them', async () => {
    asked.length = 0;
    await firstOf(100, service(1000), 80);
    expect(asked.map(({ pageSize }) => pageSize)).toEqual([80, 30]);
  });

  it('are asked for by pages that every service gives, and no more of them than are wanted', async () => {
    asked.length = 0;
    await firstOf(150, service(1000));
    expect(asked).toEqual([
      { pageSize: 100, pageToken: '' },
      { pageSize: 80, pageToken: '70' },
      { pageSize: 10, pageToken: '140' },
    ]);
  });
});

describe('how many are wanted', () => {
  it('is a hundred where nothing is said', () => {
    expect(wantedCount(undefined)).toBe(100);
    expect(wantedCount('5000')).toBe(5000);
  });

  it.each(['0', '-1', '5001', '1.5', 'all', 'NaN', '1e9', ' ', '0x10', '1 '])('is not %j', (text) => {
    expect(() => wantedCount(text)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: `most must be a whole number from 1 to 5000, got "${text}"`,
      }),
    );
  });
});
