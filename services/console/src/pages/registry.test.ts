import { CasslError } from '@cassl/errors';
import { Alias, Checkpoint, RegistryServiceDefinition } from '@cassl/proto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openConsole, type OpenConsole } from '../open-console.fixture.ts';
import { scripted } from '../scripted-platform.fixture.ts';

describe('the registry', () => {
  const moved: boolean[] = [];
  let console: OpenConsole;
  beforeAll(async () => {
    const rule = { metric: 'bbox/AP', datasetDigest: 'd', minValue: 0.3 };
    const aliases = ['a/free', 'a/good', 'a/strict'].map((alias) =>
      Alias.fromPartial({ alias, digest: 'c', ...(alias === 'a/free' ? {} : { rule }) }),
    );
    console = await openConsole([
      scripted(RegistryServiceDefinition, {
        // One a page.
        listAliases: ({ pageToken }) => {
          const at = Number(pageToken || 0);
          const nextPageToken = at + 1 < aliases.length ? String(at + 1) : '';
          return Promise.resolve({ aliases: aliases.slice(at, at + 1), nextPageToken });
        },
        getAlias: ({ alias }) => {
          if (alias !== 'a/good') throw new CasslError('NOT_FOUND', `alias ${alias} does not exist`);
          return Promise.resolve({ digest: 'c', history: [], rule });
        },
        listCheckpoints: ({ pageToken }) =>
          Promise.resolve({
            checkpoints: [Checkpoint.fromPartial({ digest: `after ${pageToken}` })],
            nextPageToken: '',
          }),
        setAlias({ alias, validateOnly }) {
          moved.push(validateOnly);
          if (alias === 'a/strict')
            throw new CasslError('FAILED_PRECONDITION', 'bbox/AP is 0.2, and must be 0.3');
          return Promise.resolve({ change: { alias } });
        },
      }),
    ]);
  });
  afterAll(() => console.close());

  const ask = async (path: string, method = 'GET'): Promise<unknown> => {
    const headers = { 'x-cassl-console': '1' };
    return (await fetch(`${console.url}/api/registry/${path}`, { method, headers })).json();
  };

  it('lists aliases of every page', async () => {
    const { aliases } = (await ask('aliases')) as { aliases: { alias: string }[] };
    expect(aliases.map(({ alias }) => alias)).toEqual(['a/free', 'a/good', 'a/strict']);
    expect(await ask('aliases?most=2')).toMatchObject({
      aliases: [{ alias: 'a/free' }, { alias: 'a/good' }],
      isMore: true,
    });
    expect(await ask('aliases?most=3')).toMatchObject({ isMore: false });
    expect(await ask('aliases?most=0')).toMatchObject({ error: { code: 'INVALID_ARGUMENT' } });
  });

  it('says of each alias with a rule whether it could move, and moves none', async () => {
    expect(await ask('checkpoints/c/gates', 'POST')).toEqual({
      gates: [
        { alias: 'a/good', passes: true, reason: '' },
        { alias: 'a/strict', passes: false, reason: expect.stringContaining('bbox/AP is 0.2') as string },
      ],
      seenAliases: 3,
      isMore: false,
    });
    expect(moved).toEqual([true, true]);
  });

  it('pages checkpoints by the token, and answers what is missing by name', async () => {
    expect(await ask('checkpoints?after=t1')).toMatchObject({ checkpoints: [{ digest: 'after t1' }] });
    expect(await ask('alias?name=a%2Fgone')).toMatchObject({
      error: { code: 'NOT_FOUND', message: expect.stringContaining('a/gone') as string },
    });
  });
});
