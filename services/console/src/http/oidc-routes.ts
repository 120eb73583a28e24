import { CasslError, errorCode, isCasslError } from '@cassl/errors';
import type { HttpAccess } from '@cassl/rpc';
import { Hono, type Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { z } from 'zod';
import type { OidcSignIn, Pending } from './oidc-sign-in.ts';
import { isTls, keepToken, type ConsoleEnv } from './session.ts';

const PENDING = 'cassl_sign_in';
/** Who takes longer to type a password begins anew. */
const PENDING_SECONDS = 600;

/** `GET /` sends the browser to the issuer, `GET /callback` takes it back with a token that every service accepts, or with a reason. */
export function oidcRoutes({ authorizer }: HttpAccess, oidc: OidcSignIn | undefined): Hono<ConsoleEnv> {
  const known = (): OidcSignIn => {
    if (oidc !== undefined) return oidc;
    throw new CasslError(
      'NOT_FOUND',
      'this console signs nobody in by an issuer; CASSL_OIDC_CLIENT_ID names it',
    );
  };
  /** Some issuers give access tokens that only they can read; then the ID token may be one for the services. */
  const firstAccepted = async (tokens: readonly string[]): Promise<string> => {
    let refusal = new CasslError('UNAUTHENTICATED', 'the issuer gave no token');
    for (const token of tokens) {
      try {
        await authorizer.identify(`Bearer ${token}`);
        return token;
      } catch (error) {
        if (!isCasslError(error) || error.code !== 'UNAUTHENTICATED') throw error;
        refusal = error;
      }
    }
    throw refusal;
  };
  return new Hono<ConsoleEnv>()
    .get('/', async (context) => {
      const { url, ...pending } = await known().begin(`${originOf(context)}/api/session/oidc/callback`);
      setCookie(context, PENDING, JSON.stringify(pending), {
        path: '/api/session/oidc',
        httpOnly: true,
        // The way back comes from the issuer's site.
        sameSite: 'Lax',
        secure: isTls(context),
        maxAge: PENDING_SECONDS,
      });
      return context.redirect(url);
    })
    .get('/callback', async (context) => {
      const pending = pendingOf(context);
      deleteCookie(context, PENDING, { path: '/api/session/oidc' });
      try {
        if (pending === undefined)
          throw new CasslError('UNAUTHENTICATED', 'this browser began no sign-in in the last ten minutes');
        const answer = new URL(originOf(context) + context.req.path + new URL(context.req.url).search);
        const { tokens, lifetimeSeconds } = await known().end(answer, pending);
        keepToken(context, await firstAccepted(tokens), lifetimeSeconds);
      } catch (error) {
        if (errorCode(error) !== 'UNAUTHENTICATED') throw error;
        // The reason is the issuer's and stays here: an address must not be able to put words on the page.
        return context.redirect('/?sign-in=refused');
      }
      return context.redirect('/');
    });
}

const pendingSchema: z.ZodType<Pending> = z.object({ state: z.string(), verifier: z.string() });

function pendingOf(context: Context): Pending | undefined {
  try {
    return pendingSchema.safeParse(JSON.parse(getCookie(context, PENDING) ?? '')).data;
  } catch {
    return undefined;
  }
}

/** As the browser sees the console; what a wrong one asks for, the issuer refuses. */
function originOf(context: Context): string {
  return `${isTls(context) ? 'https' : 'http'}://${new URL(context.req.url).host}`;
}
