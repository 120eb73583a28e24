import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStore, type ObjectStore } from './index.ts';
import { hasMoto, startS3, type TestS3 } from './test-s3.ts';

const FOLDER = new URL('../../../helm/cassl/files/s3-policies/', import.meta.url);
const ROLES = ['registry', 'jobs', 'console'] as const;
type Role = (typeof ROLES)[number];

const BUCKETS = ['models', 'data', 'output'] as const;
/** Three buckets, and a user, a key and a policy for each role. */
const PREPARING = BUCKETS.length + 3 * ROLES.length;

describe.skipIf(!hasMoto())('the policies for the object store (need moto)', () => {
  let s3: TestS3;
  const keys = new Map<Role, Record<string, string>>();

  beforeAll(async () => {
    s3 = await startS3({ unchecked: PREPARING });
    for (const bucket of BUCKETS) await s3.makeBucket(bucket);
    for (const role of ROLES) keys.set(role, await makeUser(s3.endpoint, role));
  }, 130_000);
  afterAll(() => s3?.stop());

  /** The client reads its keys from the environment, at its first request. */
  const as = (role: Role, address: string): ObjectStore => {
    Object.assign(process.env, keys.get(role));
    return openStore(address, { S3_ENDPOINT: s3.endpoint });
  };
  const bytes = new TextEncoder().encode('x');
  const write = (role: Role, address: string): Promise<string> =>
    as(role, address)
      .put('a', bytes)
      .then(
        () => 'done',
        (error: { code: string }) => error.code,
      );
  const list = async (role: Role, address: string): Promise<string> => {
    try {
      for await (const _ of as(role, address).list('')) break;
      return 'done';
    } catch (error) {
      return (error as { code: string }).code;
    }
  };

  it.each([
    ['registry', 's3://models/cassl', 'done'],
    ['registry', 's3://models/others', 'FAILED_PRECONDITION'],
    ['registry', 's3://data', 'FAILED_PRECONDITION'],
    ['registry', 's3://output', 'FAILED_PRECONDITION'],
    ['jobs', 's3://output/labels', 'done'],
    ['jobs', 's3://data', 'FAILED_PRECONDITION'],
    ['jobs', 's3://models/cassl', 'FAILED_PRECONDITION'],
    ['console', 's3://output', 'FAILED_PRECONDITION'],
    ['console', 's3://models/cassl', 'FAILED_PRECONDITION'],
  ] as const)('%s writes to %s: %s', async (role, address, answer) => {
    expect(await write(role, address)).toBe(answer);
  });

  it.each([
    ['registry', 's3://models/cassl', 'done'],
    ['registry', 's3://data', 'FAILED_PRECONDITION'],
    ['jobs', 's3://data', 'done'],
    ['jobs', 's3://output', 'done'],
    ['jobs', 's3://models', 'FAILED_PRECONDITION'],
    ['console', 's3://data', 'done'],
    ['console', 's3://output', 'done'],
    ['console', 's3://models', 'FAILED_PRECONDITION'],
  ] as const)('%s lists %s: %s', async (role, address, answer) => {
    expect(await list(role, address)).toBe(answer);
  });

  it('lets each read, and delete, what it may write', async () => {
    const output = as('jobs', 's3://output/more');
    await output.put('b', bytes);
    expect(await output.head('b')).toMatchObject({ sizeBytes: 1 });
    await output.delete('b');
    expect(await output.head('b')).toBeUndefined();
  });
});

async function makeUser(endpoint: string, role: Role): Promise<Record<string, string>> {
  const policy = readFileSync(new URL(`${role}.json`, FOLDER), 'utf8')
    .replaceAll('MODELS_BUCKET', 'models')
    .replaceAll('MODELS_PREFIX', 'cassl')
    .replaceAll('DATA_BUCKET', 'data')
    .replaceAll('OUTPUT_BUCKET', 'output');
  await askIam(endpoint, { Action: 'CreateUser', UserName: role });
  const text = await askIam(endpoint, { Action: 'CreateAccessKey', UserName: role });
  const named = (tag: string): string => new RegExp(`<${tag}>([^<]+)`).exec(text)?.[1] ?? '';
  const document = { PolicyName: 'least', PolicyDocument: policy };
  await askIam(endpoint, { Action: 'PutUserPolicy', UserName: role, ...document });
  return {
    AWS_ACCESS_KEY_ID: named('AccessKeyId'),
    AWS_SECRET_ACCESS_KEY: named('SecretAccessKey'),
  };
}

async function askIam(endpoint: string, parameters: Record<string, string>): Promise<string> {
  // moto tells its services apart by the scope of the signature, which it does not check yet.
  const scope = 'Credential=test/20260101/us-east-1/iam/aws4_request';
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=x` },
    body: new URLSearchParams({ ...parameters, Version: '2010-05-08' }),
  });
  const text = await answer.text();
  expect(answer.status, text).toBe(200);
  return text;
}
