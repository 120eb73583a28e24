import type { JSX } from 'preact';
import { LIST_LIMIT } from '../../src/contract/list-limit.ts';

/** How many more are shown each time. */
export const MORE_STEP = 100;

/** How many are asked for after `most`: never more than the console lists. */
export function afterMore(most: number): number {
  return Math.min(LIST_LIMIT, most + MORE_STEP);
}

interface MoreOfProps {
  /** For example "The newest 100 pipelines". */
  readonly which: string;
  readonly shown: number;
  /** Of the button. */
  readonly verb: string;
  /** Command that lists those that no page shows. */
  readonly command: string;
  readonly onMore: () => void;
}

/** Which of a longer list are shown, and more of them; at the end of what a page holds, who lists the others. */
export function MoreOf({ which, shown, verb, command, onMore }: MoreOfProps): JSX.Element {
  if (shown >= LIST_LIMIT) {
    return (
      <p class="soft">
        {which} are shown, the most that a page holds; <code>{command}</code> lists the others too.
      </p>
    );
  }
  return (
    <p class="actions">
      <span class="soft">{which} are shown.</span>
      <button type="button" onClick={onMore}>
        {verb}
      </button>
    </p>
  );
}
