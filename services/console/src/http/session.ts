import { CasslError } from '@cassl/errors';
import { authorizeRequest, type HttpAccess, type Identity } from '@cassl/rpc';
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
    const metadata = Metadata(authorization === undefined ? {} : { authorization });
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

/** Undefined where the body is none of the page's. */
async function tokenIn({ req }: Context): Promise<unknown> {
  const body: unknown = await req.json().catch(() => undefined);
  return typeof body === 'object' && body !== null && 'token' in body ? body.token : undefined;
}

/** Keeps a token that was looked at, for its lifetime or, where nobody knows it, until the browser is closed. */
export function keepToken(context: Context, token: string, lifetimeSeconds?: number): void {
  setCookie(context, COOKIE, token, {
    path: '/',
    httpOnly: true,
    sameSite: 'Strict',
    secure: isTls(context),
    ...(lifetimeSeconds === undefined ? {} : { maxAge: lifetimeSeconds }),
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
