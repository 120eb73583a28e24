import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../format.ts';
import { useEvents, type Live } from '../use-events.ts';

/** The newest of a list, as a stream of the console gives them. */
interface Listed<T> {
  readonly items: readonly T[];
  readonly isMore: boolean;
}

export interface LiveList<T> extends Live<readonly T[]> {
  readonly isMore: boolean;
  /** Shows a hundred older ones too. */
  readonly showMore: () => void;
}

const STEP = 100;

/** Follows a list that may be longer than what is shown of it. @param path of its stream, below /api */
export function useList<T>(path: string): LiveList<T> {
  const [most, setMost] = useState(STEP);
  const { value, ...live } = useEvents<Listed<T>, Listed<T>>(`${path}?most=${most}`, (_, list) => list, {
    // What is shown stays until there is more of it: nobody's place on the page is lost.
    isKept: true,
  });
  return {
    ...live,
    value: value?.items,
    isMore: value?.isMore ?? false,
    showMore: () => setMost(most + STEP),
  };
}

/** Says how many are shown where there are more, and shows more of them. @param what there is, for example "pipelines" */
export function ShowMore<T>({
  list: { value, isMore, showMore },
  what,
}: {
  readonly list: LiveList<T>;
  readonly what: string;
}): JSX.Element | null {
  if (value === undefined || !isMore) return null;
  return (
    <p class="actions">
      <span class="soft">
        The newest {count(value.length)} {what} are shown.
      </span>
      <button type="button" onClick={showMore}>
        Show older
      </button>
    </p>
  );
}
