import { errorMessage, invalidArgument, isCasslError, unavailable } from '@cassl/errors';
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import type { Database } from './schema.ts';

const CONNECT_MS = 10_000;
/** No statement of ours takes long; one that does waits for a lock whose holder hangs. */
const STATEMENT_MS = 30_000;

// Without the address and without the cause, which has it too: the password stands in both.
const MALFORMED =
  'DATABASE_URL is no address of PostgreSQL, postgres://user:password@host:port/database; in user and password : / @ are %3A %2F %40';

/** @throws INVALID_ARGUMENT for an address that cannot be read; UNAVAILABLE when PostgreSQL does not answer; so does every query later on */
export async function openPostgres(connectionString: string): Promise<Kysely<Database>> {
  const { default: pg } = await import('pg');
  const pool = new pg.Pool({
    connectionString,
    max: 10,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    // Where the server cannot be reached any more nobody keeps the statement's time but us.
    query_timeout: STATEMENT_MS + 5_000,
    idle_in_transaction_session_timeout: STATEMENT_MS,
    application_name: 'cassl-registry',
    keepAlive: true,
  });
  // An idle connection that breaks is replaced at the next query.
  pool.on('error', () => undefined);
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool: translating(pool) }) });
  try {
    await translated(pool.query('select 1'));
  } catch (error) {
    await db.destroy();
    if (isInvalidUrl(error)) throw invalidArgument(MALFORMED);
    throw error;
  }
  return db;
}

function isInvalidUrl(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_INVALID_URL';
}

/** The pool, with errors that say whether the server is away. */
function translating(pool: PostgresPool): PostgresPool {
  return {
    get options() {
      return pool.options;
    },
    connect: async () => translatingClient(await translated(pool.connect())),
    end: () => pool.end(),
  };
}

function translatingClient(client: PostgresPoolClient): PostgresPoolClient {
  return new Proxy(client, {
    get(target, name) {
      if (name === 'query')
        return (...args: unknown[]) => {
          const result: unknown = Reflect.apply(target.query as (...all: unknown[]) => unknown, target, args);
          return result instanceof Promise ? translated(result) : result;
        };
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

async function translated<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw isAway(error)
      ? unavailable('the registry’s database does not answer; try again', { cause: error })
      : error;
  }
}

/** Connection, resource and shutdown classes: https://www.postgresql.org/docs/current/errcodes-appendix.html; 55P03 and 57014: a lock held too long. */
const AWAY = /^(08|53|57P|55P03|57014|40001|40P01|25P03)/;

function isAway(error: unknown): boolean {
  if (isCasslError(error)) return false;
  const { code } = error as { code?: unknown };
  if (typeof code === 'string' && (AWAY.test(code) || /^E[A-Z]+$/.test(code))) return true;
  // What pg throws itself carries no code.
  return /connection|timeout|terminated/i.test(errorMessage(error)) && typeof code !== 'string';
}
