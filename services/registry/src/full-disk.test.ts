import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@cassl/rpc';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getAlias } from './aliases/get-alias.ts';
import { setAlias } from './aliases/set-alias.ts';
import { checkpointFile, digestOf, publish } from './checkpoints.fixture.ts';
import { openRegistry, type Registry } from './registry.ts';

const DISK_MIB = 4;
const folder = await mkdtemp(join(tmpdir(), 'cassl-full-'));
/** A disk of its own needs the right to mount one. */
const isMounted =
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', folder]).status === 0;

const alias = (name: string, reference: string): Parameters<typeof setAlias>[1] => ({
  alias: name,
  reference,
  expectedDigest: '',
  reason: '',
  onlyIfNew: false,
  actor: '',
  validateOnly: false,
});

describe.skipIf(!isMounted)('a registry on a disk that is full (needs the right to mount)', () => {
  let registry: Registry;
  beforeAll(async () => {
    const logger = createLogger({ name: 'registry', level: 'silent' });
    registry = await openRegistry({ dataDir: folder, logger });
  });
  afterAll(async () => {
    await registry.close();
    spawnSync('umount', [folder]);
    await rm(folder, { recursive: true, force: true });
  });

  it('refuses the checkpoint that does not fit, and goes on with everything else', async () => {
    const [small, other] = [checkpointFile(1), checkpointFile(2)];
    await publish(registry, small);
    await publish(registry, other);
    await setAlias(registry, alias('team/model', digestOf(small)));
    const large = checkpointFile(3, (DISK_MIB * 2 ** 20) / 2);
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(publish(registry, large)).rejects.toMatchObject({
        code: 'RESOURCE_EXHAUSTED',
        message: expect.stringContaining('no space left') as string,
      });
    }
    // What was received of it must not be what keeps the disk full.
    await setAlias(registry, alias('team/model', digestOf(other)));
    const now = await getAlias(registry, { alias: 'team/model', at: undefined });
    expect(now.digest).toBe(digestOf(other));
    await publish(registry, checkpointFile(4));
    expect(await readdir(folder)).toContain('registry.sqlite');
  });
});
