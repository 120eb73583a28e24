import type { JSX } from 'preact';
import { CopyLine } from '../../parts/copy-line.tsx';
import { pullCommands } from './framework-commands.ts';

interface PullCommandsProps {
  readonly digest: string;
  readonly aliases: readonly string[];
  readonly url: string;
}

/** How each framework gets the checkpoint. */
export function PullCommands({ digest, aliases, url }: PullCommandsProps): JSX.Element {
  return (
    <details class="panel" open>
      <summary>
        <h2 class="inline">Get it</h2>
      </summary>
      {pullCommands(digest, aliases[0], url).map(({ title, text }) => (
        <CopyLine key={title} title={title} text={text} />
      ))}
    </details>
  );
}
