import type { JSX } from 'preact';
import { useState } from 'preact/hooks';

interface CopyLineProps {
  readonly title: string;
  readonly text: string;
}

/** A command with a button that copies it. */
export function CopyLine({ title, text }: CopyLineProps): JSX.Element {
  const [said, setSaid] = useState('Copy');
  const copy = (): void => {
    navigator.clipboard.writeText(text).then(
      () => setSaid('Copied'),
      () => setSaid('Select and copy it yourself'),
    );
  };
  return (
    <div class="copy">
      <span class="soft">{title}</span>
      <pre tabIndex={0}>{text}</pre>
      <button type="button" onClick={copy} aria-label={`Copy: ${title}`}>
        {said}
      </button>
    </div>
  );
}
