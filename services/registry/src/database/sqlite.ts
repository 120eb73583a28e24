import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type * as sqliteModule from 'node:sqlite';
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { failedPrecondition, resourceExhausted } from '@cassl/errors';
import { Kysely, SqliteDialect, type SqliteDatabase } from 'kysely';
import type { Database } from './schema.ts';

const SQLITE_FILE = 'registry.sqlite';
/** A process that ends gives its lock back within this time. */
const LOCK_WAIT_MS = 2_000;

/**
 * Opens the data folder's own database for this process alone. SQLite's exclusive locking holds an operating-system lock
 * (fcntl) on the file from the first transaction on: it works across PID namespaces and dies with its holder.
 * @throws FAILED_PRECONDITION while another process has it open
 */
export async function openSqlite(dataDir: string): Promise<Kysely<Database>> {
  await mkdir(dataDir, { recursive: true });
  const { DatabaseSync } = await loadSqlite();
  const sqlite = new DatabaseSync(join(dataDir, SQLITE_FILE), { timeout: LOCK_WAIT_MS });
  try {
    // FULL: a commit is on disk before it is answered, also when the power fails.
    for (const pragma of [
      'locking_mode=exclusive',
      'journal_mode=wal',
      'synchronous=full',
      'foreign_keys=on',
    ])
      sqlite.exec(`pragma ${pragma}`);
    sqlite.exec('begin exclusive; commit');
  } catch (cause) {
    sqlite.close();
    if (!isLocked(cause)) throw cause;
    throw failedPrecondition(
      'another process uses the data folder: stop it, choose another CASSL_DATA_DIR, or give several replicas a DATABASE_URL',
      { cause },
    );
  }
  return new Kysely<Database>({ dialect: new SqliteDialect({ database: forKysely(sqlite) }) });
}

/** Node says once that its SQLite is experimental; the choice is recorded, so the log need not repeat it. */
async function loadSqlite(): Promise<typeof sqliteModule> {
  const warn = Reflect.get(process, 'emitWarning');
  process.emitWarning = () => undefined;
  try {
    return await import('node:sqlite');
  } finally {
    process.emitWarning = warn;
  }
}

function forKysely(sqlite: DatabaseSync): SqliteDatabase {
  return {
    close: () => sqlite.close(),
    prepare(text) {
      const statement = sqlite.prepare(text);
      const run = <T>(action: (values: SQLInputValue[]) => T, parameters: readonly unknown[]): T => {
        try {
          return action(parameters.map(toSqlite));
        } catch (error) {
          throw isFull(error) ? resourceExhausted('no space left for the metadata', { cause: error }) : error;
        }
      };
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => run((values) => statement.all(...values), parameters),
        run: (parameters) =>
          // SQLite rolls back by itself where the disk is full; a second time would hide the reason.
          /^rollback$/i.test(text) && !sqlite.isTransaction
            ? { changes: 0, lastInsertRowid: 0 }
            : run((values) => statement.run(...values), parameters),
        iterate: (parameters) => run((values) => statement.iterate(...values), parameters),
      };
    },
  };
}

function toSqlite(value: unknown): SQLInputValue {
  if (value instanceof Date) return value.toISOString();
  return value === undefined ? null : (value as SQLInputValue);
}

function isLocked(error: unknown): boolean {
  return hasCode(error, 5);
}

function isFull(error: unknown): boolean {
  return hasCode(error, 13);
}

/** https://sqlite.org/rescode.html; the low byte is the primary code. */
function hasCode(error: unknown, primary: number): boolean {
  const { errcode } = error as { errcode?: number };
  return errcode !== undefined && (errcode & 0xff) === primary;
}
