import { CasslError } from '@cassl/errors';
import { Checkpoint, GetLineageResponse, RegistryServiceDefinition, Training } from '@cassl/proto';
import { describe, expect, it } from 'vitest';
import { CHROMIUM, overflowPx, seriousFindings } from '../browser.fixture.ts';
import { openPages } from '../open-pages.fixture.ts';
import { scripted, scriptedTrainer } from '../scripted-platform.fixture.ts';

const DIGEST = 'd'.repeat(64);

function training(id: string, losses: readonly Record<string, number>[], changes: object = {}): Training {
  return Training.fromPartial({
    status: { id, state: 'JOB_STATE_SUCCEEDED', createdAt: new Date(2026, 0, 1) },
    spec: { seed: 1 },
    curve: losses.map((of, index) => ({
      iteration: index + 1,
      losses: of,
      learningRate: 0.01,
      imagesPerSecond: 5,
    })),
    ...changes,
  });
}

describe.skipIf(CHROMIUM === undefined)(
  'training curves in Chromium (needs Chromium, or CASSL_CHROMIUM)',
  () => {
    const trainer = scriptedTrainer();
    const { trainings } = trainer;
    const pages = openPages({
      services: () => [
        ...trainer.services,
        scripted(RegistryServiceDefinition, {
          getLineage: () => Promise.resolve(GetLineageResponse.fromPartial({})),
          getCheckpoint({ reference }) {
            if (reference !== DIGEST) throw new CasslError('NOT_FOUND', 'there is none');
            const checkpoint = Checkpoint.fromPartial({ digest: DIGEST });
            const evaluation = (metrics: Record<string, number>) => ({ metrics }) as never;
            // The newer one did not measure masks, and found no small object to measure.
            const evaluations = [
              evaluation({ 'bbox/AP': 0.25, 'bbox/AP50': NaN }),
              evaluation({ 'bbox/AP': 0.1, 'segm/AP': 0.2 }),
            ];
            return Promise.resolve({ checkpoint, evaluations });
          },
        }),
      ],
    });
    const chart = (name: string | RegExp) => pages.page.getByRole('img', { name });
    const open = (...runs: readonly Training[]): Promise<void> => {
      trainings.clear();
      for (const run of runs) trainings.set(run.status?.id ?? '', run);
      return pages.go(`/trainings?runs=${runs.map(({ status }) => status?.id).join(',')}`);
    };

    it('are none yet', async () => {
      trainings.clear();
      await pages.go('/trainings');
      await pages.page.getByText('No training yet.').waitFor();
      await pages.page.getByText('Choose one training or more.').waitFor();
    });

    it('have first the losses that everybody looks at', async () => {
      await open(training('a', [{ zeta: 1, mask: 2, total: 3, cls: 4 }]));
      await chart('loss/total: a 3').waitFor();
      await expect
        .poll(() => pages.page.locator('.chart figcaption').allTextContents())
        .toEqual(['loss/total', 'loss/cls', 'loss/mask', 'learning rate', 'images/s', 'loss/zeta']);
    });

    it('of a run that has no point yet are drawn as its first one comes', async () => {
      await open(training('a', [], { status: { id: 'a', state: 'JOB_STATE_RUNNING' } }));
      await pages.page.getByRole('checkbox', { name: 'a running' }).waitFor();
      expect(await pages.page.locator('.chart').count()).toBe(0);
      trainings.set('a', training('a', [{ total: 7 }]));
      trainer.changed();
      await chart('loss/total: a 7').waitFor();
    });

    it('are drawn whatever their losses are: nothing, zero, negative, huge, no number', async () => {
      const odd = (value: number) =>
        training(`run${trainings.size}`, [{ total: 1 }, { total: value }, { total: value }]);
      trainings.clear();
      const runs = [0, -1, 1e30, 1e-30, NaN, Infinity, -Infinity].map((value, index) => {
        const run = odd(value);
        run.status!.id = `run${index}`;
        return run;
      });
      await open(...runs, training('gaps', [{ total: NaN }, { total: NaN }]));
      await chart(
        'loss/total: run0 0; run1 -1; run2 1,000,000,000,000,000,000,000,000,000,000; run3 1e-30; run4 –; run5 –; run6 –; gaps –',
      ).waitFor();
      await pages.page.getByLabel('logarithmic losses').check();
      await pages.page.getByLabel('Smoothing').fill('0.9');
      await pages.page.getByText('0.90').waitFor();
      await chart(/^loss\/total: run0/).waitFor();
      await pages.page.getByLabel('logarithmic losses').uncheck();
      await chart(/^loss\/total: run0/).waitFor();
    });

    it('are smoothed, as the last value says', async () => {
      await open(training('a', [{ total: 0 }, { total: 1 }]));
      await chart('loss/total: a 1').waitFor();
      await pages.page.getByLabel('Smoothing').fill('0.5');
      await chart('loss/total: a 0.667').waitFor();
    });

    it('are drawn anew in the colours of the night', async () => {
      await open(training('a', [{ total: 1 }, { total: 2 }]));
      const pixels = (): Promise<unknown> =>
        pages.page.evaluate("document.querySelector('.chart canvas').toDataURL()");
      await chart('loss/total: a 2').waitFor();
      await pages.page.waitForTimeout(300);
      const day = await pixels();
      await pages.page.emulateMedia({ colorScheme: 'dark' });
      await expect.poll(pixels).not.toBe(day);
    });

    it('say of one run that it is gone, and show the other', async () => {
      await open(training('a', [{ total: 5 }]));
      await pages.go('/trainings?runs=gone,a');
      await pages.page.getByRole('alert').filter({ hasText: 'NOT_FOUND no job "gone"' }).waitFor();
      await chart('loss/total: a 5').waitFor();
    });

    it('are at most as many as one can tell apart, which is said', async () => {
      pages.expected.push(/status of 400/);
      trainings.clear();
      await pages.go(`/trainings?runs=${Array.from({ length: 25 }, (_, index) => `t${index}`).join(',')}`);
      await pages.page
        .getByText('ids must be 1 to 24 ids of trainings, separated by commas, got 25')
        .waitFor();
    });

    it('come with what their checkpoints were measured at, the newest that measured it', async () => {
      const published = { checkpointDigest: DIGEST };
      await open(training('a', [{ total: 1 }], published), training('b', [{ total: 1 }]));
      await pages.page.getByRole('row', { name: /dddddddddddd/ }).waitFor();
      const cells = pages.page.getByRole('row', { name: /dddddddddddd/ }).getByRole('cell');
      await expect
        .poll(() => cells.allTextContents())
        .toEqual([...['dddddddddddd', '25.0 %', '–', '20.0 %', '–', '–']]);
    });

    it('are chosen by a part of their name, and stay in the address', async () => {
      await open(training('first', [{ total: 1 }]), training('second', [{ total: 2 }]));
      await pages.page.getByLabel('Show trainings whose id contains').fill('sec');
      await expect.poll(() => pages.page.locator('.picker li').count()).toBe(1);
      await pages.page.getByRole('checkbox', { name: 'second' }).uncheck();
      await chart('loss/total: first 1').waitFor();
      const runs = (): string | null => new URL(pages.page.url()).searchParams.get('runs');
      await expect.poll(runs).toBe('first');
      await pages.page.getByLabel('Show trainings whose id contains').fill('none');
      await expect.poll(() => pages.page.locator('.picker li').count()).toBe(0);
    });

    it('are zoomed by dragging, keep their part while points come, and are whole again by two clicks', async () => {
      const points = Array.from({ length: 200 }, (_, index) => ({ total: 1 + (index % 7) }));
      await open(training('a', points, { status: { id: 'a', state: 'JOB_STATE_RUNNING' } }));
      await chart(/^loss\/total: a/).waitFor();
      await pages.page.waitForTimeout(300);
      const over = pages.page.locator('.chart .u-over').first();
      const box = (await over.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
      const pixels = (): Promise<unknown> =>
        pages.page.evaluate("document.querySelector('.chart canvas').toDataURL()");
      const whole = await pixels();
      await pages.page.mouse.move(box.x + box.width * 0.2, box.y + 50);
      await pages.page.mouse.down();
      await pages.page.mouse.move(box.x + box.width * 0.4, box.y + 50, { steps: 5 });
      await pages.page.mouse.up();
      await expect.poll(pixels).not.toBe(whole);
      const part = await pixels();
      trainings.set('a', training('a', [...points, { total: 3 }]));
      trainer.changed();
      await chart('loss/total: a 3').waitFor();
      await pages.page.mouse.move(box.x + box.width + 200, box.y - 100);
      await expect.poll(pixels).toBe(part);
      await over.dblclick();
      await expect.poll(pixels).not.toBe(part);
    });

    it('of many runs fit a phone, with nothing for axe to find', async () => {
      await open(
        ...Array.from({ length: 12 }, (_, index) =>
          training(`run-with-a-long-name-${index}`, [{ total: index }]),
        ),
      );
      await chart(/^loss\/total/).waitFor();
      expect(await seriousFindings(pages.page)).toEqual([]);
      await pages.page.setViewportSize({ width: 390, height: 844 });
      await expect.poll(() => overflowPx(pages.page)).toBeLessThanOrEqual(0);
    });
  },
);
