import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { expect, it } from 'vitest';
import { aliasHistory } from '../aliases/get-alias.ts';
import { listCheckpoints } from '../checkpoints/list-checkpoints.ts';
import { POSTGRES_START } from './migrations/postgres-start.ts';
import { openDatabase } from './open-database.ts';
import type { Registry } from '../registry.ts';

const DIGEST = 'a'.repeat(64);
const MIGRATION = `create table kysely_migration (name varchar(255) primary key, timestamp varchar(255) not null);
  insert into kysely_migration values ('0001-start', '2026-01-01T00:00:00.000Z')`;

it('takes over what an older release kept in PGlite', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'cassl-registry-'));
  try {
    const old = await PGlite.create(join(dataDir, 'metadata'));
    for (const statement of POSTGRES_START) await old.exec(statement);
    await old.exec(`${MIGRATION};
      insert into checkpoints (digest, size_bytes, tensor_count, parameter_count, stage, manifest)
        values ('${DIGEST}', 8, 1, 2, 'STAGE_WARMUP', '{"tags": {"arm": "x"}}');
      insert into aliases values ('prod', '${DIGEST}');
      insert into alias_changes (alias, digest, previous_digest, reason, changed_at)
        values ('prod', '${DIGEST}', '', 'first', '2026-01-02T03:04:05Z')`);
    await old.close();

    for (let start = 0; start < 2; start++) {
      const opened = await openDatabase({ dataDir, databaseUrl: undefined });
      const registry = { db: opened.db } as Registry;
      const request = { stage: 'STAGE_WARMUP' as never, tags: { arm: 'x' }, pageSize: 0, pageToken: '' };
      const { checkpoints } = await listCheckpoints(registry, request);
      expect(checkpoints).toMatchObject([{ digest: DIGEST, sizeBytes: 8, aliases: ['prod'] }]);
      const [change] = await aliasHistory(registry, 'prod');
      expect(change).toMatchObject({ reason: 'first', changedAt: new Date('2026-01-02T03:04:05Z') });
      expect(change?.revision).toMatch(/^[0-9a-f]{40}$/);
      await opened.close();
    }
    expect(existsSync(join(dataDir, 'metadata.imported'))).toBe(true);
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}, 180_000);
