import { Labeling } from '@cassl/proto';
import { h } from 'preact';
import { describe, expect, it } from 'vitest';
import { cellsOf, factsOf, htmlOf, textOf } from '../../drawn.fixture.ts';
import type { Json } from '../../json.ts';
import { LabelingFacts } from './labeling-facts.tsx';
import { LabelingFailures } from './labeling-failures.tsx';
import { shownState } from './shown-state.ts';
import { TeacherPanel } from './teacher-panel.tsx';
import { countAbove, qualityAt } from './threshold-facts.ts';

const HOSTILE = '<img src=x onerror=hacked()>';

/** As a message comes from the console. */
function sent(labeling: Parameters<typeof Labeling.fromPartial>[0]): Json<Labeling> {
  return JSON.parse(JSON.stringify(Labeling.fromPartial(labeling))) as Json<Labeling>;
}

describe('the facts of a labeling', () => {
  const facts = (labeling: Parameters<typeof Labeling.fromPartial>[0]): Record<string, string> =>
    factsOf(h(LabelingFacts, { labeling: sent(labeling) }));

  it('are few before anything is labeled, and none of them is nonsense', () => {
    expect(facts({})).toEqual({
      shards: '0 of 0',
      'images with labels': '0',
      'images without': '0',
      'images that failed': '0',
      labels: '0',
      'worker time': '0 s',
    });
  });

  it('tell the speed of one worker, and how many work', () => {
    const counted = { labeledImages: 60, emptyImages: 30, failedImages: 10, workerSeconds: 50 };
    const done = {
      state: 'JOB_STATE_SUCCEEDED' as const,
      startedAt: new Date('2026-01-01T00:00:00Z'),
      finishedAt: new Date('2026-01-01T00:00:20Z'),
      attempt: 3,
      leader: 'labeler-1',
    };
    expect(facts({ ...counted, status: done })).toMatchObject({
      'images/s of a worker': '2',
      'workers on average': '2.5',
      attempt: '3',
      leader: 'labeler-1',
    });
    // A first attempt, and a job that was never started, have none of that.
    expect(facts({ ...counted, status: { attempt: 1 } })).not.toHaveProperty('attempt');
    expect(facts({ ...counted, status: { attempt: 1 } })).not.toHaveProperty('workers on average');
  });

  it('name teacher, threshold and places as they are', () => {
    const labeling = {
      checkpointDigest: `${'ab'.repeat(32)}`,
      spec: { options: { threshold: 0.3 }, pool: { uri: HOSTILE }, outputUri: 's3://b/out' },
    };
    expect(facts(labeling)).toMatchObject({
      teacher: 'abababababab',
      'threshold δ': '0.300',
      pool: HOSTILE,
      output: 's3://b/out',
    });
    expect(htmlOf(h(LabelingFacts, { labeling: sent(labeling) }))).not.toContain('<img');
  });
});

describe('what was not labeled', () => {
  const drawn = (labeling: Parameters<typeof Labeling.fromPartial>[0]) =>
    h(LabelingFailures, { labeling: sent(labeling) });

  it('is not spoken of where all was', () => expect(htmlOf(drawn({ labeledImages: 7 }))).toBe(''));

  it('is listed with code and reason, with a way to all of them', () => {
    const failures = [{ key: 'a.jpg', error: { code: 'INVALID_ARGUMENT', message: HOSTILE } }];
    const labeling = { failures, failedImages: 1200, labelSetUri: 'file:///a b.labelset.jsonl' };
    expect(cellsOf(drawn(labeling))[1]).toEqual(['a.jpg', 'INVALID_ARGUMENT', HOSTILE]);
    expect(textOf(drawn(labeling))).toContain('The first 1 of 1,200 images that failed.');
    expect(htmlOf(drawn(labeling))).toContain(
      'href="/images?set=file%3A%2F%2F%2Fa%20b.labelset.jsonl&amp;show=failed"',
    );
    expect(htmlOf(drawn(labeling))).not.toContain('<img');
    expect(textOf(drawn({ failures, failedImages: 1 }))).not.toContain('Look at all of them');
  });

  it('counts shards that were given up, and files that are no images', () => {
    const unread = [{ count: 3, reason: 'HEIC', examples: ['a.heic', 'b.heic'] }];
    const shown = drawn({ deadShards: ['shard 7: disk full'], deadShardCount: 40, pool: { unread } });
    expect(textOf(shown)).toContain('shard 7: disk full 40 shards were given up.');
    expect(cellsOf(shown)).toEqual([
      ['files', 'reason', 'for example'],
      ['3', 'HEIC', 'a.heic, b.heic'],
    ]);
  });
});

describe('the health of a teacher', () => {
  const facts = (health: object): Record<string, string> =>
    factsOf(h(TeacherPanel, { id: 'l1', version: 0, labeling: sent({ health }) }));

  it('is told in shares and scores', () => {
    const health = {
      emptyRate: 0.25,
      fullRate: 0,
      labelsPerImage: 3.14159,
      scoreQuantiles: [0.3, 0.6, 0.9],
      drift: 0.31,
    };
    expect(facts(health)).toEqual({
      'images without a label': '25.0 %',
      'images with as many as allowed': '0.0 %',
      'labels an image': '3.14',
      'scores at 10, 50, 90 %': '0.30, 0.60, 0.90',
      'drift (PSI; from 0.25 on marked)': '0.31',
    });
  });

  it('that found nothing at all has no scores, and is told all the same', () => {
    const health = { emptyRate: 1, labelsPerImage: NaN, scoreQuantiles: [NaN, NaN, NaN], drift: Infinity };
    expect(facts(health)).toMatchObject({
      'images without a label': '100.0 %',
      'labels an image': '–',
      'scores at 10, 50, 90 %': '–, –, –',
      'drift (PSI; from 0.25 on marked)': '–',
    });
  });

  it('of nobody is not shown', () => {
    expect(htmlOf(h(TeacherPanel, { id: 'l1', version: 0, labeling: sent({}) }))).toBe('');
  });
});

describe('the state that is shown', () => {
  const status = (state: 'JOB_STATE_RUNNING' | 'JOB_STATE_FAILED') => ({ status: { state } });
  const pause = { reason: 'drift', by: 'the labeler' };

  it('is paused only while the job runs', () => {
    expect(shownState(sent({ ...status('JOB_STATE_RUNNING'), pause }))).toBe('paused');
    expect(shownState(sent({ ...status('JOB_STATE_FAILED'), pause }))).toBe('JOB_STATE_FAILED');
    expect(shownState(sent({ pause }))).toBeUndefined();
  });
});

describe('a threshold of whole hundredths', () => {
  const bins = Array.from({ length: 100 }, () => 1);

  it('keeps one bin less with every step, whatever floating point says', () => {
    for (let step = 0; step <= 100; step++) expect(countAbove(bins, step / 100)).toBe(100 - step);
    for (let at = 0, step = 0; step < 100; at += 0.01, step++) expect(countAbove(bins, at)).toBe(100 - step);
  });

  it('is as good as the nearer of two that were measured, the first of equal ones', () => {
    const sweep = [{ threshold: 0.2 }, { threshold: 0.4 }, { threshold: 0.4 }];
    expect(qualityAt(sweep, 0.29)).toBe(sweep[0]);
    expect(qualityAt(sweep, 0.31)).toBe(sweep[1]);
    expect(qualityAt(sweep, 5)).toBe(sweep[1]);
  });
});
