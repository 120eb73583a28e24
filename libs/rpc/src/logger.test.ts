import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('shows no password of an address that a library put into its error', () => {
  const script = `
    import { createLogger } from ${JSON.stringify(new URL('./logger.ts', import.meta.url).href)};
    try { new URL('postgres://user:s3cr3t@db:port/x'); }
    catch (error) { createLogger({ name: 'test', level: 'info' }).error({ err: error }, 'failed'); }`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  expect(JSON.parse(stderr)).toMatchObject({
    msg: 'failed',
    err: { code: 'ERR_INVALID_URL', input: 'postgres://(hidden)@db:port/x', stack: expect.any(String) },
  });
});
