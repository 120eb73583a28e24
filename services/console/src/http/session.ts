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
export function sessionRoutes({ authorizer }: HttpAccess): Hono<ConsoleEnv> {
  const answer = ({ name, scopes }: Identity): object => ({
    name,
    scopes: [...scopes],
    isOpen: !authorizer.isOn,
  });
  return new Hono<ConsoleEnv>()
    .get('/', async (context) => context.json(answer(await authorizer.identify(authorizationOf(context)))))
    .post('/', async (context) => {
      const { token } = await context.req.json<{ token?: unknown }>();
      if (typeof token !== 'string' || !/^\S{1,8192}$/.test(token))
        throw new CasslError('UNAUTHENTICATED', 'the token is empty, or has spaces in it');
      const identity = await authorizer.identify(`Bearer ${token}`);
      setCookie(context, COOKIE, token, {
        path: '/',
        httpOnly: true,
        sameSite: 'Strict',
        secure: isTls(context),
      });
      return context.json(answer(identity));
    })
    .delete('/', (context) => {
      deleteCookie(context, COOKIE, { path: '/' });
      return context.body(null, 204);
    });
}

function authorizationOf(context: Context): string | undefined {
  const header = context.req.header('authorization');
  if (header !== undefined) return header;
  const token = getCookie(context, COOKIE);
  return token === undefined ? undefined : `Bearer ${token}`;
}

function isTls(context: Context): boolean {
  return (
    new URL(context.req.url).protocol === 'https:' || context.req.header('x-forwarded-proto') === 'https'
  );
}
