import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { readRegistryConfig } from '../config.ts';
import { openPostgres } from './postgres.ts';

describe('the address of PostgreSQL', () => {
  it.each([
    ['postgres://cassl:s3cr3t@127.0.0.1:1/x', 'UNAVAILABLE', /does not answer; try again/],
    ['postgres://cassl:s3cr3t@127.0.0.1:99999999/x', 'INVALID_ARGUMENT', /DATABASE_URL is no address/],
    ['postgres://cassl:s3c/r3t@127.0.0.1:1/x', 'INVALID_ARGUMENT', /DATABASE_URL is no address/],
  ])('%s fails with %s and without its password', async (address, code, message) => {
    const error: unknown = await openPostgres(address).catch((failure: unknown) => failure);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(inspect(error, { depth: null })).not.toMatch(/s3c/);
  });

  it('of another database is refused by the name of its setting', () => {
    const read = (): unknown => readRegistryConfig({ DATABASE_URL: 'mysql://cassl:s3cr3t@db/x' });
    expect(read).toThrow(/DATABASE_URL: must begin with postgres:\/\/ or postgresql:\/\/, got \(hidden\)/);
  });
});
