import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

export type Access = 'granted' | 'anonymous' | 'refused';

/** Who may read. */
export type Allow = (request: IncomingMessage) => Promise<Access>;

/** Anyone, or whoever has the service's token: as a bearer, or as the password of container tools. */
export function allowToken(token: string | undefined): Allow {
  return (request) => {
    const { authorization } = request.headers;
    if (token === undefined) return Promise.resolve('granted');
    if (authorization === undefined) return Promise.resolve('anonymous');
    return Promise.resolve(isSame(secretOf(authorization), token) ? 'granted' : 'refused');
  };
}

/** The token in `Bearer token` or `Basic base64(name:token)`. */
export function secretOf(authorization: string): string {
  const [scheme = '', value = ''] = authorization.split(' ', 2);
  if (scheme.toLowerCase() !== 'basic') return value;
  const pair = Buffer.from(value, 'base64').toString('utf8');
  return pair.slice(pair.indexOf(':') + 1);
}

function isSame(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
