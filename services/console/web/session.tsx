import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { callApi, type ApiError } from './api.ts';
import { ErrorNote } from './parts/notes.tsx';
import { useAnswer } from './use-answer.ts';

interface User {
  readonly name: string;
  readonly scopes: readonly string[];
  /** The platform asks nobody for a token. */
  readonly isOpen: boolean;
}

export interface SessionState {
  readonly user: User | undefined;
  /** A token is wanted. */
  readonly isAsked: boolean;
  readonly signIn: (token: string) => Promise<void>;
  readonly signOut: () => void;
}

/** Who uses the page. */
export function useSession(): SessionState {
  const [user, setUser] = useState<User>();
  const [isAsked, setAsked] = useState(false);
  useEffect(() => {
    const ask = (): void => {
      setUser(undefined);
      setAsked(true);
    };
    addEventListener('signed-out', ask);
    callApi<User>('/session').then(setUser, () => undefined);
    return () => removeEventListener('signed-out', ask);
  }, []);
  return {
    user,
    isAsked,
    async signIn(token) {
      setUser(await callApi<User>('/session', { method: 'POST', body: { token } }));
      setAsked(false);
    },
    signOut() {
      callApi('/session', { method: 'DELETE' }).then(
        () => dispatchEvent(new Event('signed-out')),
        () => undefined,
      );
    },
  };
}

export function SignIn({ session }: { readonly session: SessionState }): JSX.Element {
  const [error, setError] = useState<ApiError>();
  const { value: ways } = useAnswer<{ readonly issuer: string | null }>('/session/ways');
  const wasRefused = new URLSearchParams(location.search).get('sign-in') === 'refused';
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get('token');
    session.signIn(typeof token === 'string' ? token.trim() : '').catch(setError);
  };
  return (
    <form class="panel sign-in" onSubmit={submit}>
      <h1>Sign in</h1>
      {wasRefused && (
        <ErrorNote
          error={{
            code: 'UNAUTHENTICATED',
            message: 'Your account was not taken: the issuer refused, or its token is not for this platform.',
          }}
        />
      )}
      {typeof ways?.issuer === 'string' && (
        <p>
          {/* Leads to another site: no link of the page's own router. */}
          <a class="button" href="/api/session/oidc">
            Sign in with {new URL(ways.issuer).host}
          </a>
        </p>
      )}
      <p>
        <label for="token">
          Your token for this platform: one of its token file, or a JWT of its OIDC issuer.
        </label>
      </p>
      <input id="token" name="token" type="password" autocomplete="current-password" required autofocus />
      <button type="submit">Sign in</button>
      <ErrorNote error={error} />
    </form>
  );
}
