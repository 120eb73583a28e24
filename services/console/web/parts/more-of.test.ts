import { h } from 'preact';
import { expect, it } from 'vitest';
import { htmlOf, textOf } from '../drawn.fixture.ts';
import { afterMore, MoreOf } from './more-of.tsx';

const drawn = (shown: number) =>
  h(MoreOf, {
    ...{ which: `The newest ${shown} pipelines`, shown, verb: 'Show older', command: 'cassl jobs list' },
    onMore: () => undefined,
  });

it('says how many are shown, and offers more of them', () => {
  expect(textOf(drawn(100))).toMatch(/The newest 100 pipelines are shown\.\s*Show older/);
});

it('says at the end of what a page holds who lists the others, and offers nothing that would be refused', () => {
  expect(textOf(drawn(5000))).toMatch(
    /The newest 5000 pipelines are shown, the most that a page holds; cassl jobs list/,
  );
  expect(htmlOf(drawn(5000))).not.toContain('<button');
});

it('asks for no more than the console lists', () => {
  expect([afterMore(100), afterMore(4900), afterMore(4950), afterMore(5000)]).toEqual([
    200, 5000, 5000, 5000,
  ]);
});
