import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Manifest } from '@cassl/proto';
import { createLogger, type Logger } from '@cassl/rpc';
import { afterAll, beforeAll } from 'vitest';
import { checkpointFile, digestOf, publish } from './checkpoints.fixture.ts';
import { openRegistry, type Registry } from './registry.ts';

/** A registry on SQLite in a folder of its own, for a test file. */
export interface TestRegistry {
  readonly registry: Registry;
  readonly folder: string;
  /** Publishes the file of that seed; answers its digest. */
  publish(seed: number, manifest?: Partial<Manifest>): Promise<string>;
  /** Where the file of a digest lies. */
  fileOf(digest: string): string;
  /** What was logged at "warn" and above, as "level message". */
  readonly logged: string[];
}

export function useRegistry(): TestRegistry {
  const logged: string[] = [];
  let folder = '';
  let registry: Registry;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cassl-registry-'));
    registry = await openRegistry({ dataDir: folder, logger: listening(logged) });
  });
  afterAll(async () => {
    await registry.close();
    await rm(folder, { recursive: true, force: true });
  });
  return {
    get registry() {
      return registry;
    },
    get folder() {
      return folder;
    },
    async publish(seed, manifest) {
      await publish(registry, checkpointFile(seed), manifest);
      return digestOf(checkpointFile(seed));
    },
    fileOf: (digest) => join(folder, 'blobs/sha256', digest.slice(0, 2), digest),
    logged,
  };
}

function listening(lines: string[]): Logger {
  const logger = createLogger({ name: 'registry', level: 'silent' });
  for (const level of ['warn', 'error'] as const) {
    logger[level] = ((_fields: unknown, message: string) => lines.push(`${level} ${message}`)) as never;
  }
  return logger;
}
