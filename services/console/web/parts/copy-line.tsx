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
    const refused = (): void => setSaid('Select and copy it yourself');
    // Browsers have a clipboard only for pages that came over TLS or from this machine.
    if (!isSecureContext) refused();
    else navigator.clipboard.writeText(text).then(() => setSaid('Copied'), refused);
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
