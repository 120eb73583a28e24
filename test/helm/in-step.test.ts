import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { patchOf } from '../../scripts/chart/patch.ts';
import { HELMS, ROOT } from './render-chart.ts';

describe('a strategic merge patch', () => {
  it('holds what changed, merges items by name, and deletes what is gone', () => {
    const before = { a: 1, gone: true, list: [{ name: 'x', v: 1, w: 2 }, { name: 'old' }], plain: [1] };
    const after = {
      a: 1,
      list: [
        { name: 'x', v: 3, w: 2 },
        { name: 'new', v: 0 },
      ],
      plain: [2],
    };
    expect(patchOf(before, after)).toEqual({
      gone: null,
      list: [
        { name: 'x', v: 3 },
        { name: 'new', v: 0 },
        { $patch: 'delete', name: 'old' },
      ],
      plain: [2],
    });
    expect(patchOf(before, before)).toBeUndefined();
  });
});

describe.skipIf(HELMS.length < 2)(
  'what follows from the chart (skipped without helm: scripts/bring-helm.sh)',
  () => {
    it('is in step: k8s/ builds to what the chart renders, the table of values is its own', async () => {
      const check = promisify(execFile)(process.execPath, [`${ROOT}scripts/chart/render.ts`, '--check'], {
        timeout: 120_000,
      });
      await expect(check).resolves.toMatchObject({ stderr: '' });
    });
  },
);
