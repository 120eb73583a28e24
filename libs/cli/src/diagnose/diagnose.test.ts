import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { collectDiagnosis } from './collect-diagnosis.ts';
import { settingsWithoutSecrets, withoutSecrets } from './without-secrets.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cassl-diagnose-'));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe('settings in a report', () => {
  it('hide what is secret by its name or by its place in an address, and show the rest', () => {
    const env = {
      CASSL_AUTH_TOKEN: 's3cr3t-1',
      CASSL_AUTH_TOKEN_FILE: '/run/secrets/token',
      CASSL_DATABASE_URL: 'postgres://cassl:s3cr3t-2@db:5432/cassl',
      CASSL_NATS_URL: 'nats://user:s3cr3t-3@broker:4222',
      AWS_SECRET_ACCESS_KEY: 's3cr3t-4',
      AWS_ACCESS_KEY_ID: 's3cr3t-5',
      OTEL_EXPORTER_OTLP_HEADERS: 'api-key=s3cr3t-6',
      HOME: '/home/somebody',
    };
    const shown = settingsWithoutSecrets(env);
    expect(JSON.stringify(shown)).not.toMatch(/s3cr3t/);
    expect(shown).toMatchObject({
      CASSL_AUTH_TOKEN: '(hidden)',
      CASSL_AUTH_TOKEN_FILE: '/run/secrets/token',
      CASSL_DATABASE_URL: 'postgres://(hidden)@db:5432/cassl',
    });
    expect(shown).not.toHaveProperty('HOME');
  });

  it('hide tokens and signatures anywhere in a line', () => {
    const lines = [
      'authorization: Bearer abc.def-ghi',
      'jwt eyJhbGciOi.eyJzdWIi.sig',
      'GET https://bucket/key?X-Amz-Signature=0123abcd&x=1',
    ];
    expect(lines.map(withoutSecrets)).toEqual([
      'authorization: Bearer (hidden)',
      'jwt (hidden)',
      'GET https://bucket/key?X-Amz-Signature=(hidden)&x=1',
    ]);
  });
});

describe('a diagnosis', () => {
  it('has the last lines of each log, and says of a service that does not answer why', async () => {
    await mkdir(join(home, 'logs'));
    const lines = Array.from({ length: 9 }, (_, index) => `line ${index} Bearer s3cr3t`);
    await writeFile(join(home, 'logs', 'labeler.log'), `${lines.join('\n')}\n`);
    const env = { CASSL_LABELER_ADDRESS: '127.0.0.1:9' };
    const diagnosis = await collectDiagnosis({ home, lines: 2, version: '9.9.9', env });
    expect(diagnosis).toMatchObject({
      versions: { cassl: '9.9.9', node: process.versions.node },
      logs: { 'labeler.log': ['line 7 Bearer (hidden)', 'line 8 Bearer (hidden)'] },
      services: { labeler: { address: '127.0.0.1:9', error: { code: 'UNAVAILABLE' } } },
    });
    expect(JSON.stringify(diagnosis)).not.toMatch(/s3cr3t/);
  }, 60_000);
});
