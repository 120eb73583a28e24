import { h } from 'preact';
import { describe, expect, it } from 'vitest';
import { cellsOf, factsOf, htmlOf, textOf } from '../drawn.fixture.ts';
import { Badge, isEnded, stateKind, stateName } from './badge.tsx';
import { DataTable } from './data-table.tsx';
import { Graph } from './graph.tsx';
import { EmptyNote, ErrorNote, Facts } from './notes.tsx';
import { elapsedSeconds, Progress, progressText } from './progress.tsx';
import { shellWord } from './shell-word.ts';

const HOSTILE = '"><img src=x onerror="hacked()">';

describe('a state', () => {
  it.each([
    ['JOB_STATE_QUEUED', 'queued', 'waiting'],
    ['JOB_STATE_RUNNING', 'running', 'running'],
    ['JOB_STATE_SUCCEEDED', 'succeeded', 'good'],
    ['JOB_STATE_FAILED', 'failed', 'bad'],
    ['JOB_STATE_CANCELLED', 'cancelled', 'waiting'],
    ['planned', 'planned', 'planned'],
    ['paused', 'paused', 'waiting'],
    // Of a platform that is newer than the page.
    ['JOB_STATE_UNSPECIFIED', 'unknown', 'waiting'],
  ] as const)('%s is told as %s', (state, name, kind) => {
    expect(htmlOf(h(Badge, { state }))).toBe(`<span class="badge ${kind}">${name}</span>`);
    expect([stateName(state), stateKind(state)]).toEqual([name, kind]);
  });

  it('of a stage that has no job yet is planned', () => {
    expect(textOf(h(Badge, { state: undefined }))).toBe('planned');
    expect(stateKind(undefined)).toBe('planned');
  });

  it('is an end or not', () => {
    const ends = ['JOB_STATE_SUCCEEDED', 'JOB_STATE_FAILED', 'JOB_STATE_CANCELLED'] as const;
    expect(ends.every(isEnded)).toBe(true);
    expect([isEnded('JOB_STATE_RUNNING'), isEnded('JOB_STATE_QUEUED'), isEnded(undefined)]).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe('progress', () => {
  const progress = { done: 3, total: 12, unit: 'images', rate: 0, etaSeconds: 0, message: '' };

  it('is a bar with a name where its end is known', () => {
    const html = htmlOf(h(Progress, { progress, label: HOSTILE }));
    expect(html).toMatch(/^<progress .*max="12" value="3"/);
    expect(html).not.toContain('<img');
    expect(htmlOf(h(Progress, { progress: { ...progress, total: 0 }, label: 'a' }))).toBe('');
    expect(htmlOf(h(Progress, { progress: undefined, label: 'a' }))).toBe('');
  });

  const status = (changes: object, state = 'JOB_STATE_RUNNING') =>
    ({ state, progress: { ...progress, ...changes } }) as unknown as Parameters<typeof progressText>[0];

  it.each([
    [status({}), '3 of 12 images'],
    [status({ total: 0 }), '3 images'],
    [status({ total: 0, done: 0 }), ''],
    [status({ rate: 0.00123 }), '3 of 12 images · 0.00123 images/s'],
    [status({ rate: 8, etaSeconds: 97.5 }), '3 of 12 images · 8 images/s · 1 min 38 s left'],
    // Speed and time left are of a job that runs.
    [status({ rate: 8, etaSeconds: 97.5 }, 'JOB_STATE_QUEUED'), '3 of 12 images'],
    [status({ done: 1_234_567, total: 9_999_999 }), '1,234,567 of 9,999,999 images'],
    // JSON makes null of what is no number.
    [status({ rate: null, etaSeconds: null }), '3 of 12 images'],
  ])('is told in words: %#', (given, text) => expect(progressText(given)).toBe(text));

  const timed = (times: object) => elapsedSeconds(times as unknown as Parameters<typeof elapsedSeconds>[0]);

  it('takes from start to end, from the order where nothing began, and no less than nothing', () => {
    const [createdAt, startedAt] = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:10Z'];
    const finishedAt = '2026-01-01T00:01:00Z';
    expect(timed({ createdAt, startedAt, finishedAt })).toBe(50);
    expect(timed({ createdAt, finishedAt })).toBe(60);
    expect(timed({})).toBeNaN();
    // The clock of the browser is behind.
    expect(timed({ createdAt: new Date(Date.now() + 60_000).toISOString() })).toBe(0);
  });
});

describe('notes', () => {
  it('tell an error to screen readers at once, and as text', () => {
    const html = htmlOf(h(ErrorNote, { error: { code: 'NOT_FOUND', message: HOSTILE } }));
    expect(html).toMatch(/^<p class="note bad" role="alert"><strong>NOT_FOUND<\/strong> /);
    expect(html).not.toContain('<img');
    expect(htmlOf(h(ErrorNote, { error: undefined }))).toBe('');
    expect(textOf(h(EmptyNote, null, 'None yet.'))).toBe('None yet.');
  });

  it('leave out facts that are not known, and keep those that are 0', () => {
    const facts = [
      ['zero', 0],
      ['text', HOSTILE],
      ['empty', ''],
      ['missing', undefined],
      ['null', null],
      ['false', false],
    ] as const;
    expect(factsOf(h(Facts, { facts }))).toEqual({ zero: '0', text: HOSTILE });
    expect(htmlOf(h(Facts, { facts }))).not.toContain('<img');
  });
});

describe('a table', () => {
  it('has its heads and cells in their order, and scrolls by keys where it is too wide', () => {
    const rows = [
      { key: 'a', cells: ['1', h('code', null, HOSTILE)] },
      { key: 'b', cells: [undefined, 0] },
    ];
    const table = h(DataTable, { columns: ['one', 'two'], rows });
    expect(cellsOf(table)).toEqual([
      ['one', 'two'],
      ['1', HOSTILE],
      ['', '0'],
    ]);
    expect(htmlOf(table)).toMatch(/^<div class="wide" tabindex="0">/i);
  });
});

describe('a drawn graph', () => {
  const item = (name: string, ...needs: string[]) => ({ name, needs });
  const drawn = (items: readonly { readonly name: string; readonly needs: readonly string[] }[]): string =>
    htmlOf(h(Graph, { label: 'Stages', items, kind: () => 'good', card: ({ name }) => name }));

  it('has a card for each item, and a line for each need', () => {
    const html = drawn([item('a'), item('b', 'a'), item('c', 'a', 'b')]);
    expect(html.match(/<li /g)).toHaveLength(3);
    expect(html.match(/<path /g)).toHaveLength(3);
    expect(html).toContain('width="587"');
  });

  it('leads long lines around the cards between', () => {
    const html = drawn([item('a'), item('b', 'a'), item('c', 'a', 'b')]);
    const [, long = ''] = /d="([^"]*L[^"]*)"/.exec(html) ?? [];
    // Down into the gap below the row, along it, and up again.
    expect(long).toBe('M177,53 C217,53 185,113 217,113 L370,113 C402,113 370,53 410,53');
  });

  it('is drawn of nothing, too', () => expect(drawn([])).not.toMatch(/<li|<path|NaN|="-\d/));
});

describe('a word of a command', () => {
  it.each([
    ['file:///labels/ab12.labelset.jsonl', 'file:///labels/ab12.labelset.jsonl'],
    ['s3://bucket/a%20b', 's3://bucket/a%20b'],
    ['', "''"],
    ['file:///my photos/x', "'file:///my photos/x'"],
    ['$(rm -rf ~)', "'$(rm -rf ~)'"],
    ['a;b|c&d`e`', "'a;b|c&d`e`'"],
    ["it's", "'it'\\''s'"],
    ['a\nb', "'a\nb'"],
    ['größe', "'größe'"],
  ])('%j is pasted as %s', (text, word) => expect(shellWord(text)).toBe(word));
});
