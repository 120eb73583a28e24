import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { count } from '../../format.ts';
import { ErrorNote } from '../../parts/notes.tsx';
import { useAnswer } from '../../use-answer.ts';
import { BoxList } from './box-list.tsx';
import type { ImagePage, ShownImage } from './image-types.ts';
import { PicturePane } from './picture-pane.tsx';
import type { Pages } from './use-pages.ts';
import { useZoom } from './use-zoom.ts';

interface ImageViewerProps {
  /** Position in the list. */
  readonly index: number;
  readonly pages: Pages;
  readonly base: string;
  readonly onMove: (index: number) => void;
  readonly onClose: () => void;
}

/** One image, large: labels beside the truth, zoomed and moved together. */
export function ImageViewer({ index, pages, base, onMove, onClose }: ImageViewerProps): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  const [masks, setMasks] = useState(true);
  const zoom = useZoom();
  const listed = pages.image(index);
  const image = useMasked(base, listed) ?? listed;
  const move = (step: number): void => {
    const next = index + step;
    if (next < 0 || next >= pages.total) return;
    pages.want('viewer', next, next);
    zoom.reset();
    onMove(next);
  };
  const shared = (shown: ShownImage) => ({
    image: shown,
    src: `/api/label-sets/picture?${base}&at=${shown.at}&size=1600`,
    masks,
    zoom,
  });
  useEffect(() => dialog.current?.showModal(), []);
  const onKeyDown = (event: KeyboardEvent): void => {
    const keys: Readonly<Record<string, () => void>> = {
      ArrowLeft: () => move(-1),
      ArrowRight: () => move(1),
      m: () => setMasks((last) => !last),
      ...zoom.keys,
    };
    const act = keys[event.key];
    if (act === undefined) return;
    event.preventDefault();
    act();
  };
  return (
    <dialog ref={dialog} class="viewer" aria-label="Image" onClose={onClose} onKeyDown={onKeyDown}>
      <div class="viewer-bar">
        <button type="button" onClick={() => move(-1)} disabled={index === 0} aria-label="Image before">
          ←
        </button>
        <button
          type="button"
          onClick={() => move(1)}
          disabled={index + 1 >= pages.total}
          aria-label="Next image"
        >
          →
        </button>
        <span class="viewer-name">
          {image?.key} <span class="soft">{`${count(index + 1)} of ${count(pages.total)}`}</span>
        </span>
        <label>
          <input
            type="checkbox"
            checked={masks}
            onChange={({ currentTarget }) => setMasks(currentTarget.checked)}
          />{' '}
          masks
        </label>
        <button type="button" onClick={() => dialog.current?.close()}>
          Close
        </button>
      </div>
      {image === undefined && <p class="soft">Fetching…</p>}
      {image?.failure !== undefined && <ErrorNote error={image.failure} />}
      {image !== undefined && image.failure === undefined && (
        <>
          <div class="panes">
            <PicturePane title="Labels" {...shared(image)} boxes={image.labels} />
            {image.objects !== undefined && (
              <PicturePane title="Ground truth" {...shared(image)} boxes={image.objects} />
            )}
          </div>
          <p class="soft small">
            ← → other images · + − 0 or the wheel zoom · drag, or ↑ ↓ a d, move · m masks
          </p>
          <BoxList image={image} />
        </>
      )}
    </dialog>
  );
}

/** The image with its masks, which the grid goes without. */
function useMasked(base: string, image: ShownImage | undefined): ShownImage | undefined {
  const path = image && `/label-sets/images?${base}&from=${image.at}&count=1&masks=1`;
  const found = useAnswer<ImagePage>(path).value?.images[0];
  return found?.at === image?.at ? found : undefined;
}
