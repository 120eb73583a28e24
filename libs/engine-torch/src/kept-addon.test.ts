import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { copyWhole, keptPath } from './kept-addon.ts';

describe('addons kept for other clones', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'cassl-kept-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('lie in the cache of the user, by what they were built of', () => {
    const built = '/clone/libs/engine-torch/build/1.13.0-abi127-x64-0123456789ab/cassl_torch.node';
    const end = 'cassl/engine-torch/1.13.0-abi127-x64-0123456789ab/cassl_torch.node';
    expect(keptPath(built, { XDG_CACHE_HOME: '/cache' })).toBe(join('/cache', end));
    expect(keptPath(built, { XDG_CACHE_HOME: '' })).toMatch(new RegExp(`/\\.cache/${end}$`));
  });

  it('are copied whole, with the folders that are missing', () => {
    writeFileSync(join(folder, 'built.node'), 'addon');
    const kept = join(folder, 'a/b/kept.node');
    expect(copyWhole(join(folder, 'built.node'), kept)).toBe(true);
    expect(readFileSync(kept, 'utf8')).toBe('addon');
    expect(readdirSync(join(folder, 'a/b'))).toEqual(['kept.node']);
  });

  it('are done without where there is none, or no place for it', () => {
    expect(copyWhole(join(folder, 'absent.node'), join(folder, 'kept.node'))).toBe(false);
    writeFileSync(join(folder, 'built.node'), 'addon');
    writeFileSync(join(folder, 'file'), '');
    expect(copyWhole(join(folder, 'built.node'), join(folder, 'file/kept.node'))).toBe(false);
    mkdirSync(join(folder, 'taken'));
    writeFileSync(join(folder, 'taken/x'), '');
    expect(copyWhole(join(folder, 'built.node'), join(folder, 'taken'))).toBe(false);
    expect(readdirSync(folder).sort()).toEqual(['built.node', 'file', 'taken']);
  });
});
