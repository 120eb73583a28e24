import { CasslError, errorMessage, unavailable } from '@cassl/errors';
import * as client from 'openid-client';

/** The console as a client that the issuer knows. */
export interface OidcClient {
  readonly issuer: string;
  /** Asked for with the token, so that it names the services. */
  readonly audience: string;
  readonly clientId: string;
  /** Without one the console is a public client: PKCE alone proves it. */
  readonly clientSecret?: string | undefined;
  /** Words of the request, `openid` and the `cassl:…` ones that the issuer gives only to who asks. */
  readonly scopes: string;
}

/** What the browser keeps until it comes back; of use to nobody else. */
export interface Pending {
  readonly state: string;
  readonly verifier: string;
}

/** Tokens of the issuer, those first that services take. */
export interface IssuedTokens {
  readonly tokens: readonly string[];
  /** Undefined where the issuer does not say. */
  readonly lifetimeSeconds: number | undefined;
}

export interface OidcSignIn {
  /** Where the browser goes. @throws UNAVAILABLE while the issuer is away */
  begin(redirectUri: string): Promise<Pending & { readonly url: string }>;
  /** @param answer address at which the browser came back @throws UNAUTHENTICATED with what the issuer said */
  end(answer: URL, pending: Pending): Promise<IssuedTokens>;
}

/** Signing in with an account of the issuer: authorization code with PKCE, by openid-client. Its metadata is fetched once. */
export function oidcSignIn({ issuer, audience, clientId, clientSecret, scopes }: OidcClient): OidcSignIn {
  let found: Promise<client.Configuration> | undefined;
  const discover = async (): Promise<client.Configuration> => {
    const authentication = clientSecret === undefined ? client.None() : client.ClientSecretPost(clientSecret);
    // An issuer inside of the cluster may have no certificate; services read its keys over HTTP then too.
    const execute = issuer.startsWith('http:') ? [client.allowInsecureRequests] : [];
    return client.discovery(new URL(issuer), clientId, {}, authentication, { execute, timeout: 10 });
  };
  const configuration = async (): Promise<client.Configuration> => {
    found ??= discover();
    try {
      return await found;
    } catch (cause) {
      found = undefined;
      throw unavailable(`the issuer ${issuer} does not answer: ${errorMessage(cause)}`, { cause });
    }
  };
  return {
    async begin(redirectUri) {
      const [verifier, state] = [client.randomPKCECodeVerifier(), client.randomState()];
      const url = client.buildAuthorizationUrl(await configuration(), {
        redirect_uri: redirectUri,
        scope: scopes,
        state,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        audience,
        // RFC 8707 wants an address there.
        ...(URL.canParse(audience) ? { resource: audience } : {}),
      });
      return { url: url.href, state, verifier };
    },
    async end(answer, { state, verifier }) {
      const known = await configuration();
      try {
        const checks = { expectedState: state, pkceCodeVerifier: verifier };
        const issued = await client.authorizationCodeGrant(known, answer, checks);
        const tokens = [issued.access_token, issued.id_token].filter((token) => token !== undefined);
        return { tokens, lifetimeSeconds: issued.expiresIn() };
      } catch (cause) {
        throw new CasslError('UNAUTHENTICATED', `the issuer did not sign you in: ${reasonOf(cause)}`, {
          cause,
        });
      }
    },
  };
}

function reasonOf(error: unknown): string {
  const said = (error as { readonly error_description?: unknown }).error_description;
  return typeof said === 'string' ? said : errorMessage(error);
}
