import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aliasOfBranch, aliasPrefixes, isRepoId, repoOfAlias, splitFramework } from './repo-id.ts';

describe('an alias and the branch of a repository that it is', () => {
  it.each([
    ['warmup@prod', 'cassl/warmup', 'prod'],
    ['warmup', 'cassl/warmup', 'main'],
    ['team/warmup@prod', 'team/warmup', 'prod'],
    ['team/warmup', 'team/warmup', 'main'],
    ['team/warmup/v2', 'team/warmup', 'v2'],
    ['team/warmup/v2/a', 'team/warmup', 'v2/a'],
    ['team/warmup/v2@x', 'team/warmup', 'v2/x'],
  ])('%s is %s, branch %s', (alias, id, branch) => {
    expect(repoOfAlias(alias)).toEqual({ id, branch });
  });

  it('lead to each other for every repository and branch', () => {
    const word = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,8}$/);
    const branch = fc.array(word, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const namespace = fc.oneof(fc.constant('cassl'), word);
    fc.assert(
      fc.property(namespace, word, branch, (space, name, wanted) => {
        const id = `${space}/${name}`;
        const alias = aliasOfBranch(id, wanted);
        expect(repoOfAlias(alias)).toEqual({ id, branch: wanted });
        // What is not found by its prefix would be a branch that nobody can list.
        expect(aliasPrefixes(id).some((prefix) => alias.startsWith(prefix))).toBe(true);
      }),
    );
  });
});

describe('the id of a repository', () => {
  it.each(['a/b', 'team/net-1.0_x', `a/${'b'.repeat(126)}`])('may be %s', (id) => {
    expect(isRepoId(id)).toBe(true);
  });

  it.each(['', 'a', 'a/', '/b', 'a/b/c', '../b', 'a/..', 'A/b', 'a/b ', 'a/b\n', `a/${'b'.repeat(127)}`])(
    'may not be %j',
    (id) => {
      expect(isRepoId(id)).toBe(false);
    },
  );

  it.each([
    ['team/net-timm', { id: 'team/net', framework: 'timm' }],
    ['team/net-timm-mmdet', { id: 'team/net-timm', framework: 'mmdet' }],
    ['team/net-other', undefined],
    ['team/nettimm', undefined],
  ])('%s names a framework’s view or none', (id, split) => {
    expect(splitFramework(id)).toEqual(split);
  });
});
