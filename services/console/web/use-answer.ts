import { useEffect, useState } from 'preact/hooks';
import { callApi, type ApiError } from './api.ts';

export interface Answer<T> {
  readonly value: T | undefined;
  readonly error: ApiError | undefined;
  readonly isLoading: boolean;
}

/** One answer of the API, asked for again when the path or `version` changes; the last one stays until the next is there. */
export function useAnswer<T>(path: string | undefined, version: unknown = 0): Answer<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ value: undefined, error: undefined, isLoading: true });
  useEffect(() => {
    if (path === undefined) return;
    const gone = new AbortController();
    setAnswer((last) => ({ ...last, isLoading: true }));
    callApi<T>(path, { signal: gone.signal })
      .then((value) => setAnswer({ value, error: undefined, isLoading: false }))
      .catch((error: ApiError) => {
        if (!gone.signal.aborted) setAnswer((last) => ({ value: last.value, error, isLoading: false }));
      });
    return () => gone.abort();
  }, [path, version]);
  return answer;
}
