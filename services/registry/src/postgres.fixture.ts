import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import getPort from 'get-port';
import { afterAll, beforeAll, describe } from 'vitest';

export interface TestPostgres {
  readonly url: string;
  stop(): Promise<void>;
}

const run = promisify(execFile);
/** Debian's place: PostgreSQL puts its server programs on nobody's PATH. */
const DEBIAN = '/usr/lib/postgresql';
/** PostgreSQL refuses to run as root; any other user will do. */
const NOBODY = 65_534;

function binFolder(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN).sort().reverse() : [];
  return versions
    .map((version) => join(DEBIAN, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
}

/** Tests that need a server are skipped by name where `apt-get install postgresql` was not done. */
export function hasPostgres(): boolean {
  return binFolder() !== undefined;
}

/** A throw-away server on a free port of loopback. */
export async function startPostgres(): Promise<TestPostgres> {
  const bin = binFolder() ?? '';
  const folder = await mkdtemp(join(tmpdir(), 'cassl-postgres-'));
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (user.uid !== undefined) await chown(folder, user.uid, user.gid);
  await chmod(folder, 0o700);
  const options = { ...user, cwd: folder };
  await run(
    join(bin, 'initdb'),
    ['-D', folder, '-U', 'cassl', '-A', 'trust', '-E', 'UTF8', '--no-sync'],
    options,
  );
  const port = await getPort({ host: '127.0.0.1' });
  const flags = ['-D', folder, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-F'];
  const server = spawn(join(bin, 'postgres'), flags, { ...options, stdio: 'ignore' });
  const exited = once(server, 'exit');
  for (let attempt = 0; ; attempt++) {
    try {
      await run(join(bin, 'pg_isready'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'cassl'], options);
      break;
    } catch (error) {
      if (attempt === 100) throw error;
      await sleep(100);
    }
  }
  return {
    url: `postgres://cassl@127.0.0.1:${port}/postgres`,
    async stop() {
      server.kill('SIGINT');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Runs the same tests on SQLite, and on a PostgreSQL of their own where there is one. */
export function onEachDatabase(
  name: string,
  contract: (name: string, databaseUrl: () => string | undefined) => void,
): void {
  contract(`${name} on SQLite`, () => undefined);

  describe.skipIf(!hasPostgres())('with PostgreSQL', () => {
    let postgres: TestPostgres;
    beforeAll(async () => {
      postgres = await startPostgres();
    }, 60_000);
    afterAll(() => postgres.stop());
    contract(`${name} there`, () => postgres.url);
  });
}
