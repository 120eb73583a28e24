import { useEffect, useState } from 'preact/hooks';
import { callApi, type ApiError } from './api.ts';

export interface Live<T> {
  /** The newest value; undefined before the first. */
  readonly value: T | undefined;
  readonly error: Pick<ApiError, 'code' | 'message'> | undefined;
  /** False while the connection is lost and tried again. */
  readonly isLive: boolean;
}

/**
 * Follows a stream of server-sent events for as long as the component is shown.
 * @param path below /api; `undefined` follows nothing
 * @param reduce makes the next value of the last one and an event's content
 */
export function useEvents<Event, T>(
  path: string | undefined,
  reduce: (last: T | undefined, event: Event) => T,
): Live<T> {
  const [live, setLive] = useState<Live<T>>({ value: undefined, error: undefined, isLive: false });
  useEffect(() => {
    setLive({ value: undefined, error: undefined, isLive: false });
    return path === undefined ? undefined : followWhileSeen(path, setLive, reduce);
  }, [path]);
  return live;
}

type Update<T> = (change: (last: Live<T>) => Live<T>) => void;

/**
 * Browsers allow six connections to one place over all their tabs: those that nobody looks at give theirs back.
 * Answers what ends it all.
 */
function followWhileSeen<Event, T>(
  path: string,
  update: Update<T>,
  reduce: (last: T | undefined, event: Event) => T,
): () => void {
  let close: (() => void) | undefined;
  const follow = (): void => {
    close?.();
    close = document.hidden ? undefined : followEvents(path, update, reduce);
  };
  follow();
  document.addEventListener('visibilitychange', follow);
  return () => {
    document.removeEventListener('visibilitychange', follow);
    close?.();
  };
}

function followEvents<Event, T>(
  path: string,
  update: Update<T>,
  reduce: (last: T | undefined, event: Event) => T,
): () => void {
  const source = new EventSource(`/api${path}`);
  let isFirst = true;
  source.onopen = () => (isFirst = true);
  source.onmessage = ({ data }: MessageEvent<string>) => {
    const event = JSON.parse(data) as Event;
    // The first event of a connection is whole: what an earlier connection brought is left behind.
    const isWhole = isFirst;
    isFirst = false;
    update((last) => ({
      value: reduce(isWhole ? undefined : last.value, event),
      error: undefined,
      isLive: true,
    }));
  };
  source.addEventListener('end', () => source.close());
  source.addEventListener('failure', ({ data }: MessageEvent<string>) => {
    const error = JSON.parse(data) as { code: string; message: string };
    if (error.code !== 'UNAVAILABLE') source.close();
    update((last) => ({ ...last, error, isLive: false }));
  });
  source.onerror = () => {
    update((last) => ({ ...last, isLive: false }));
    // A refused stream tells its reason only to a plain request.
    if (source.readyState === EventSource.CLOSED) {
      callApi('/session').catch((error: ApiError) => update((last) => ({ ...last, error })));
    }
  };
  return () => source.close();
}
