import { expect, it } from 'vitest';
import { readLabelFiles, readLabelRows } from './read-label-files.ts';

it.each(['file:///pool/50%.jsonl.gz', 'file:///pool/%E0%A4.jsonl.gz', 'file:///pool/', 'http://host/a.gz'])(
  '%s is no address of a label file, and the error says so',
  async (address) => {
    for (const read of [readLabelFiles, readLabelRows]) {
      await expect(read([address]).next()).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^label file must /) as string,
      });
    }
  },
);
