import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';

interface PhotoDropProps {
  readonly name: string | undefined;
  readonly onPhoto: (photo: File) => void;
}

/** Takes a photo that is dropped, chosen, or pasted. */
export function PhotoDrop({ name, onPhoto }: PhotoDropProps): JSX.Element {
  const [isOver, setOver] = useState(false);
  const take = (files: FileList | null | undefined): void => {
    const [photo] = files ?? [];
    if (photo !== undefined) onPhoto(photo);
  };
  useEffect(() => {
    // On the page, not on the panel: nothing of the panel has the focus when somebody pastes.
    const onPaste = ({ clipboardData }: ClipboardEvent): void => take(clipboardData?.files);
    document.addEventListener('paste', onPaste);
    return () => document.removeEventListener('paste', onPaste);
  });
  return (
    <div
      class={`panel drop ${isOver ? 'over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
    >
      <label>
        Drop a photo here, or choose one (JPEG, PNG or WebP, at most 32 MiB):{' '}
        <input
          type="file"
          accept="image/jpeg,image/png,image/webp"
          onChange={({ currentTarget }) => take(currentTarget.files)}
        />
      </label>
      {name !== undefined && <p class="soft">{name}</p>}
    </div>
  );
}
