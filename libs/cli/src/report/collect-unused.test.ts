import { describe, expect, it } from 'vitest';
import { formatUnused } from './collect-unused.ts';

describe('data that was not used', () => {
  it('is said with its stage and reason, cut where it is long', () => {
    const lines = [
      'images       5 of 12 kept',
      'dropped 2 images: file is not a readable image',
      ...Array<string>(20).fill('    p3.jpg'),
    ];
    const text = formatUnused({ labeler: lines }).join('\n');
    expect(text).toContain('in 1 of the stages');
    expect(text).toContain('dropped 2 images: file is not a readable image');
    expect(text).toContain('… 10 more lines');
  });

  it('is not mentioned where everything was used', () => {
    expect(formatUnused({})).toEqual([]);
  });
});
