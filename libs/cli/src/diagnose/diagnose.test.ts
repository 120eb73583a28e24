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

  it('know secrets by many names and show the other settings', () => {
    const names = [
      'CASSL_S3_PWD',
      'CASSL_DB_PASS',
      'CASSL_SIGNING_KEY',
      'NATS_NKEY_SEED',
      'CASSL_SESSION_COOKIE',
      'NODE_AUTH_TOKEN',
    ];
    const env = Object.fromEntries(names.map((name) => [name, 's3cr3t']));
    const plain = {
      S3_ENDPOINT: 'http://store:9000',
      CASSL_TLS_KEY_FILE: '/tls/key.pem',
      CASSL_PASSIVE: 'on',
    };
    const shown = settingsWithoutSecrets({ ...env, ...plain, DATABASE_URL: 'postgres://u:s3/cr3t@db/x' });
    expect(shown).toMatchObject({ ...plain, DATABASE_URL: 'postgres://(hidden)@db/x' });
    expect(JSON.stringify(shown)).not.toMatch(/cr3t/);
  });

  it.each([
    '{"password":"s3cr3t","user":"u"}',
    'access_token=s3cr3t&x=1',
    'client_secret: s3cr3t',
    'https://account/blob?sv=1&sig=s3cr3t',
    'AWS_SECRET_ACCESS_KEY=s3cr3t/s3cr3t+',
    'webhook whsec_s3cr3ts3cr3t',
    '-----BEGIN PRIVATE KEY-----\ns3cr3t\n-----END PRIVATE KEY-----',
    '{"msg":"{\\"token\\":\\"s3cr3t\\"}"}',
  ])('hide it in %j', (line) => {
    expect(withoutSecrets(line)).toContain('(hidden)');
    expect(withoutSecrets(line)).not.toMatch(/s3cr3t/);
  });

  it('leave alone what only sounds like one', () => {
    const line = 'bad settings: CASSL_AUTH_TOKEN must have 8 characters; {"tokens":[],"token":""}';
    expect(withoutSecrets(line)).toBe(line);
  });

  it('hide tokens and signatures anywhere in a line', () => {
    const lines = [
      'authorization: Bearer abc.def-ghi',
      'jwt eyJhbGciOi.eyJzdWIi.sig',
      'GET https://bucket/key?X-Amz-Signature=0123abcd&x=1',
    ];
    expect(lines.map((line) => withoutSecrets(line))).toEqual([
      'authorization: Bearer (hidden)',
      'jwt (hidden)',
      'GET https://bucket/key?X-Amz-Signature=(hidden)&x=1',
    ]);
  });
});

describe('a diagnosis', () => {
  it('hides what the environment calls secret wherever it stands, and goes on past a log that cannot be read', async () => {
    await mkdir(join(home, 'logs', 'folder.log'), { recursive: true });
    const lines = ['said "open sesame" and', 'pg: no hunter22 here'];
    await writeFile(join(home, 'logs', 'registry.log'), lines.join('\n'));
    const env = { CASSL_NATS_PASSWORD: 'open sesame', DATABASE_URL: 'postgres://u:hunter22@127.0.0.1/x' };
    const diagnosis = await collectDiagnosis({ home, lines: 9, version: '9.9.9', env });
    expect(diagnosis).toMatchObject({
      logs: {
        'folder.log': [expect.stringMatching(/cannot be read: EISDIR/)],
        'registry.log': ['said "(hidden)" and', 'pg: no (hidden) here'],
      },
    });
    expect(JSON.stringify(diagnosis)).not.toMatch(/sesame|hunter22/);
  }, 60_000);

  it.each(['{"pid": 1,', 'null', '{"pid":1}'])(
    'is made where the file of `cassl up` is %j',
    async (text) => {
      await writeFile(join(home, 'endpoints.json'), text);
      const diagnosis = await collectDiagnosis({ home, lines: 0, version: '9.9.9', env: {} });
      const message = expect.stringMatching(/endpoints\.json is damaged: remove it/) as string;
      expect(diagnosis).toMatchObject({ services: { error: { code: 'FAILED_PRECONDITION', message } } });
    },
    60_000,
  );

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
