import { describe, expect, it } from 'vitest';
import { useRegistry } from '../registry.fixture.ts';
import { applyOperations, type AliasFiles, type FileOperation } from './commit-files.ts';
import { readSmallFile } from './file-set.ts';

const test = useRegistry();
const NOTHING: AliasFiles = { digest: '', files: undefined };
const DIGEST = 'a'.repeat(64);

const add = (path: string, content = path): FileOperation => ({
  kind: 'add',
  path,
  content: Buffer.from(content),
});
const weights = (path: string, digest = DIGEST): FileOperation => ({ kind: 'weights', path, digest });
const remove = (path: string, isFolder = false): FileOperation => ({ kind: 'delete', path, isFolder });

const apply = (before: AliasFiles, ...operations: readonly FileOperation[]): Promise<AliasFiles> =>
  applyOperations(test.registry.db, before, operations);
const paths = ({ files }: AliasFiles): string[] => Object.keys(files?.small ?? {}).sort();

describe('the operations of a commit', () => {
  it('add files by their content, which can be read again', async () => {
    const after = await apply(
      NOTHING,
      add('a.txt', 'one'),
      add('folder/b.txt', 'two'),
      add('a.txt', 'three'),
    );
    expect(paths(after)).toEqual(['a.txt', 'folder/b.txt']);
    const file = after.files!.small['a.txt']!;
    // As `git hash-object` names it.
    expect(file).toMatchObject({ sizeBytes: 5, gitOid: '1d19714ffbc272ba0da6eb419d66123c20527174' });
    expect((await readSmallFile(test.registry.db, file.sha256)).toString()).toBe('three');
  });

  it('leave what they do not name', async () => {
    const before = await apply(NOTHING, weights('net.safetensors'), add('a.txt'), add('b.txt'));
    const after = await apply(before, add('c.txt'), remove('a.txt'));
    expect(paths(after)).toEqual(['b.txt', 'c.txt']);
    expect({ digest: after.digest, weights: after.files?.weights }).toEqual({
      digest: DIGEST,
      weights: 'net.safetensors',
    });
    expect(paths(before)).toEqual(['a.txt', 'b.txt']);
  });

  it('delete a folder and no file whose name begins alike', async () => {
    const before = await apply(NOTHING, add('run/a'), add('run/deep/b'), add('runs'), add('run.txt'));
    expect(paths(await apply(before, remove('run/', true)))).toEqual(['run.txt', 'runs']);
    await expect(apply(before, remove('ru', true))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(apply(before, remove('gone'))).rejects.toThrow('gone is not here to be deleted');
  });

  it('need no list of files for weights under their usual name alone', async () => {
    expect(await apply(NOTHING, weights('model.safetensors'))).toEqual({ digest: DIGEST, files: undefined });
  });

  it('rename weights only where the old name goes in the same commit, before or after', async () => {
    const before = await apply(NOTHING, weights('old.safetensors'));
    const other = weights('new.safetensors', 'b'.repeat(64));
    await expect(apply(before, other)).rejects.toThrow('one safetensors file, here old.safetensors');
    for (const operations of [
      [remove('old.safetensors'), other],
      [other, remove('old.safetensors')],
    ]) {
      const after = await apply(before, ...operations).catch((error: unknown) => error);
      expect(after).toMatchObject({ digest: 'b'.repeat(64), files: { weights: 'new.safetensors' } });
    }
  });

  it('never leave a branch without its weights, nor another file in their place', async () => {
    const before = await apply(NOTHING, weights('net.safetensors'));
    await expect(apply(before, remove('net.safetensors'))).rejects.toThrow('the weights of this branch');
    await expect(apply(before, add('net.safetensors'))).rejects.toThrow('must be safetensors');
  });

  it('are refused above 10,000 files', async () => {
    const small = Object.fromEntries(
      Array.from({ length: 10_000 }, (_, index) => [
        `${index}`,
        { sha256: DIGEST, sizeBytes: 1, gitOid: 'c'.repeat(40) },
      ]),
    );
    const full = { digest: '', files: { weights: 'model.safetensors', small } };
    await expect(apply(full, add('one-more'))).rejects.toThrow('10000 files beside its weights, got 10001');
    expect(paths(await apply(full, add('9999')))).toHaveLength(10_000);
  });
});
