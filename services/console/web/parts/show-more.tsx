import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { LIST_LIMIT } from '../../src/contract/list-limit.ts';
import { count } from '../format.ts';
import { useEvents, type Live } from '../use-events.ts';
import { afterMore, MORE_STEP, MoreOf } from './more-of.tsx';

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

/** Follows a list that may be longer than what is shown of it. @param path of its stream, below /api */
export function useList<T>(path: string): LiveList<T> {
  const [most, setMost] = useState(MORE_STEP);
  const { value, ...live } = useEvents<Listed<T>, Listed<T>>(`${path}?most=${most}`, (_, list) => list, {
    // What is shown stays until there is more of it: nobody's place on the page is lost.
    isKept: true,
  });
  return {
    ...live,
    value: value?.items,
    isMore: value?.isMore ?? false,
    showMore: () => setMost(afterMore(most)),
  };
}

/** Says how many are shown where there are more, and shows more of them. @param what there is: the kinds of jobs have lists */
export function ShowMore<T>({
  list: { value, isMore, showMore },
  what,
}: {
  readonly list: LiveList<T>;
  readonly what: 'pipelines' | 'trainings' | 'labelings';
}): JSX.Element | null {
  if (value === undefined || !isMore) return null;
  return (
    <MoreOf
      which={`The newest ${count(value.length)} ${what}`}
      shown={value.length}
      verb="Show older"
      command={`cassl jobs list --kind ${what.slice(0, -1)} --limit ${2 * LIST_LIMIT}`}
      onMore={showMore}
    />
  );
}
