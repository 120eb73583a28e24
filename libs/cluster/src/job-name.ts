import { createHash } from 'node:crypto';

/** Room for Kubernetes' own suffixes: `-4294967295` and five letters of a pod. */
const MAX_LENGTH = 52;

/** The name of a job's object: readable, a DNS label, and another one for every id. */
export function jobName(prefix: string, kind: string, id: string): string {
  const hash = createHash('sha256').update(`${kind}\n${id}`).digest('hex').slice(0, 8);
  const slug = id.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  const start = `${prefix}-${kind}`;
  const room = MAX_LENGTH - start.length - hash.length - 2;
  const middle = slug.slice(0, Math.max(0, room)).replaceAll(/^-+|-+$/g, '');
  return [start, middle, hash].filter((part) => part !== '').join('-');
}
