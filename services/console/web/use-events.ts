import { useEffect, useState } from 'preact/hooks';
import { refusalOfStream, type ApiError } from './api.ts';

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
 * @param isKept whether the value stays until another path has given one, @default false
 */
export function useEvents<Event, T>(
  path: string | undefined,
  reduce: (last: T | undefined, event: Event) => T,
  { isKept = false }: { readonly isKept?: boolean } = {},
): Live<T> {
  const [live, setLive] = useState<Live<T>>({ value: undefined, error: undefined, isLive: false });
  useEffect(() => {
    setLive(({ value }) => ({ value: isKept ? value : undefined, error: undefined, isLive: false }));
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

/** Errors that pass by themselves. */
const PASSING = ['UNAVAILABLE', 'RESOURCE_EXHAUSTED', 'DEADLINE_EXCEEDED', 'ABORTED'];
/** As long as browsers wait before they connect again. */
const AGAIN_MS = 3000;

/** Connects until `end`, or an error that does not pass. */
function followEvents<Event, T>(
  path: string,
  update: Update<T>,
  reduce: (last: T | undefined, event: Event) => T,
): () => void {
  const gone = new AbortController();
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** @returns whether it is worth to try again */
  const fail = (error: Live<T>['error']): boolean => {
    update((last) => ({ ...last, error, isLive: false }));
    return error !== undefined && PASSING.includes(error.code);
  };
  const connectLater = (): void => {
    clearTimeout(timer);
    timer = setTimeout(connect, AGAIN_MS);
  };
  function connect(): void {
    source?.close();
    source = new EventSource(`/api${path}`);
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
    source.addEventListener('end', () => source?.close());
    source.addEventListener('failure', ({ data }: MessageEvent<string>) => {
      source?.close();
      if (fail(JSON.parse(data) as { code: string; message: string })) connectLater();
    });
    source.onerror = () => {
      update((last) => ({ ...last, isLive: false }));
      // Browsers connect again by themselves unless the stream was refused, and then do not say why.
      if (source?.readyState === EventSource.CLOSED) void afterRefusal();
    };
  }
  async function afterRefusal(): Promise<void> {
    const error = await refusalOfStream(path, gone.signal);
    if (!gone.signal.aborted && (error === undefined || fail(error))) connectLater();
  }
  connect();
  return () => {
    gone.abort();
    clearTimeout(timer);
    source?.close();
  };
}
