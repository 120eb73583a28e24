import { CasslError, invalidArgument } from '@cassl/errors';
import { authorizeRequest, TOO_LARGE, type HttpAccess, type Identity } from '@cassl/rpc';
import type { Context, MiddlewareHandler } from 'hono';
import { Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { Metadata } from 'nice-grpc';
import { scopeOfRoute } from './route-scopes.ts';

/** Who sends a request: checked as every service checks, and sent on with each call, so that the services decide. */
export interface Caller {
  readonly identity: Identity;
  /** Options of gRPC calls made for them. */
  readonly call: { readonly metadata: Metadata };
}

export interface ConsoleEnv {
  readonly Variables: { readonly caller: Caller };
}

const COOKIE = 'cassl_token';
/** Browsers drop a cookie whose name and value take more than 4096 bytes. */
const MAX_TOKEN_BYTES = 4000;
/** They keep none for longer, and Hono refuses to ask for it. */
const MAX_AGE_SECONDS = 400 * 86_400;
/** A token with the JSON around it, whatever has to be escaped. */
const MAX_BODY_BYTES = 65_536;

/** Puts the caller of an API request into its context; the token comes in the header, or in the cookie of a signed-in browser. */
export function identifyCallers(access: HttpAccess): MiddlewareHandler<ConsoleEnv> {
  return async (context, next) => {
    const authorization = authorizationOf(context);
    const { method, path } = context.req;
    const identity = await authorizeRequest(access, {
      method: `${method} ${path}`,
      authorization,
      scope: scopeOfRoute(context),
    });
    // Where nobody asks for a token, what is none is not sent on: gRPC carries no other letters.
    const isSendable = authorization !== undefined && /^[\x20-\x7e]+$/.test(authorization);
    const metadata = Metadata(isSendable ? { authorization } : {});
    context.set('caller', { identity, call: { metadata } });
    await next();
  };
}

/** Signing in keeps the token in a cookie that no script and no other site's page can use; signing out forgets it. */
export function sessionRoutes({ authorizer }: HttpAccess, issuer: string | undefined): Hono<ConsoleEnv> {
  const answer = ({ name, scopes }: Identity): object => ({
    name,
    scopes: [...scopes],
    isOpen: !authorizer.isOn,
  });
  return (
    new Hono<ConsoleEnv>()
      // Open to all: who is not signed in yet asks it.
      .get('/ways', (context) => context.json({ issuer: issuer ?? null }))
      .get('/', async (context) => context.json(answer(await authorizer.identify(authorizationOf(context)))))
      .post('/', async (context) => {
        const token = await tokenIn(context);
        if (typeof token !== 'string' || !/^\S{1,8192}$/.test(token))
          throw new CasslError('UNAUTHENTICATED', 'the token is empty, or has spaces in it');
        const identity = await authorizer.identify(`Bearer ${token}`);
        keepToken(context, token);
        return context.json(answer(identity));
      })
      .delete('/', (context) => {
        deleteCookie(context, COOKIE, { path: '/' });
        return context.body(null, 204);
      })
  );
}

/** Undefined where the body is none of the page's. @throws RESOURCE_EXHAUSTED where it is too long to hold a token */
async function tokenIn({ req }: Context): Promise<unknown> {
  const text = await textOf(req.raw.body);
  try {
    const body = JSON.parse(text) as unknown;
    return typeof body === 'object' && body !== null && 'token' in body ? body.token : undefined;
  } catch {
    return undefined;
  }
}

/** Who sends it need not have signed in: no more is read than a token can have. */
async function textOf(body: ReadableStream<Uint8Array> | null): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.byteLength;
    if (size > MAX_BODY_BYTES) {
      const message = `the body may have ${MAX_BODY_BYTES} bytes, and has more`;
      throw new CasslError('RESOURCE_EXHAUSTED', message, { details: { reason: TOO_LARGE } });
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

/**
 * Keeps a token that was looked at, for its lifetime or, where nobody knows it, until the browser is closed.
 * @throws INVALID_ARGUMENT for one that browsers would drop
 */
export function keepToken(context: Context, token: string, lifetimeSeconds?: number): void {
  const bytes = encodeURIComponent(token).length;
  if (bytes > MAX_TOKEN_BYTES) {
    throw invalidArgument(
      `the token has ${bytes} bytes, and browsers keep ${MAX_TOKEN_BYTES}: ask the issuer for fewer claims, or let a proxy send it as Authorization: Bearer`,
    );
  }
  setCookie(context, COOKIE, token, {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: isTls(context),
    ...(lifetimeSeconds === undefined ? {} : { maxAge: Math.min(lifetimeSeconds, MAX_AGE_SECONDS) }),
  });
}

function authorizationOf(context: Context): string | undefined {
  const header = context.req.header('authorization');
  if (header !== undefined) return header;
  const token = getCookie(context, COOKIE);
  return token === undefined ? undefined : `Bearer ${token}`;
}

/** Also behind a proxy that ends TLS. */
export function isTls(context: Context): boolean {
  return (
    new URL(context.req.url).protocol === 'https:' || context.req.header('x-forwarded-proto') === 'https'
  );
}
