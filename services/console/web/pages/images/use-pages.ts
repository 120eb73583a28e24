import { useEffect, useRef, useState } from 'preact/hooks';
import { callApi, type ApiError } from '../../api.ts';
import type { ImagePage, ShownImage } from './image-types.ts';

const PAGE = 60;
/** Pages that stay in memory. */
const MOST_PAGES = 40;
/** Between two looks at a list that still grows. */
const AGAIN_MS = 700;
/** Between two tries for what was refused. */
const AFTER_FAILURE_MS = 5000;

export interface Pages {
  readonly total: number;
  readonly seen: number;
  /** The n-th image of the list; undefined until its page is there. */
  readonly image: (index: number) => ShownImage | undefined;
  /** Asks for the pages of these images, where they are not there yet. What nobody wants any more is no longer waited for. */
  readonly want: (who: 'grid' | 'viewer', first: number, last: number) => void;
  readonly error: ApiError | undefined;
}

/**
 * A list of any length, of which only what is looked at is fetched.
 * @param query names the list: set, job and filter
 * @param size images of the set: while fewer were looked at, the list grows and is asked for again
 */
export function usePages(query: string, size: number): Pages {
  const [state, setState] = useState<{ total: number; seen: number; error?: ApiError }>({
    total: 0,
    seen: 0,
  });
  const images = useRef(new Map<number, readonly ShownImage[]>());
  const running = useRef(new Map<number, AbortController>());
  const wanted = useRef(new Map<string, readonly [first: number, last: number]>());
  /** Pages that were refused: not asked for again at once, or a console that is away would be asked without end. */
  const refused = useRef(new Set<number>());
  const [, redraw] = useState(0);

  const fetchPage = (page: number, from = page * PAGE): void => {
    if (running.current.has(page)) return;
    const gone = new AbortController();
    running.current.set(page, gone);
    const count = (page + 1) * PAGE - from;
    callApi<ImagePage>(`/label-sets/images?${query}&from=${from}&count=${count}`, { signal: gone.signal })
      .then(({ images: more, total, seen }) => {
        if (gone.signal.aborted) return;
        running.current.delete(page);
        images.current.set(page, [
          ...(from === page * PAGE ? [] : (images.current.get(page) ?? [])),
          ...more,
        ]);
        for (const oldest of images.current.keys()) {
          if (images.current.size > MOST_PAGES) images.current.delete(oldest);
        }
        setState({ total, seen });
        redraw((last) => last + 1);
        // A page that would take long comes in parts.
        if (more.length > 0 && more.length < count && from + more.length < total)
          fetchPage(page, from + more.length);
      })
      .catch((error: ApiError) => {
        if (gone.signal.aborted) return;
        running.current.delete(page);
        refused.current.add(page);
        setState((last) => ({ ...last, error }));
      });
  };
  const clear = (): void => {
    for (const request of running.current.values()) request.abort();
    running.current.clear();
    images.current.clear();
    refused.current.clear();
  };

  const isWanted = (page: number): boolean =>
    [...wanted.current.values()].some(([first, last]) => page >= first && page <= last);

  useEffect(() => {
    clear();
    wanted.current = new Map([['grid', [0, 0]]]);
    setState({ total: 0, seen: 0 });
    fetchPage(0);
    return clear;
  }, [query]);

  const hasFailed = state.error !== undefined;
  useEffect(() => {
    if (!hasFailed) return;
    const timer = setInterval(() => {
      const again = [...refused.current].filter(isWanted);
      refused.current.clear();
      for (const page of again) fetchPage(page);
    }, AFTER_FAILURE_MS);
    return () => clearInterval(timer);
  }, [hasFailed, query]);

  const isGrowing = state.error === undefined && state.seen < size;
  useEffect(() => {
    if (!isGrowing) return;
    const timer = setInterval(() => {
      for (const page of [...images.current.keys()]) {
        // What is not looked at has changed too, and is asked for when it is.
        if (isWanted(page)) fetchPage(page);
        else images.current.delete(page);
      }
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, [isGrowing, query]);

  return {
    ...state,
    error: state.error,
    image: (index) => images.current.get(Math.floor(index / PAGE))?.[index % PAGE],
    want(who, first, last) {
      const range = [Math.floor(first / PAGE), Math.floor(last / PAGE)] as const;
      wanted.current.set(who, range);
      for (const [page, request] of running.current) {
        if (isWanted(page)) continue;
        request.abort();
        running.current.delete(page);
        // Of a page that comes in parts only some may be there.
        images.current.delete(page);
      }
      for (let page = range[0]; page <= range[1]; page++) {
        if (!images.current.has(page) && !refused.current.has(page)) fetchPage(page);
      }
    },
  };
}
