import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { MAX_PHOTO_BYTES } from '../../../src/contract/photo-limit.ts';
import { ApiError, callApi } from '../../api.ts';
import { number, shortDigest } from '../../format.ts';
import { ErrorNote } from '../../parts/notes.tsx';
import type { ShownBox } from '../images/image-types.ts';
import { PicturePane } from '../images/picture-pane.tsx';
import type { Zoom } from '../images/use-zoom.ts';

interface Tried {
  readonly digest: string;
  readonly width: number;
  readonly height: number;
  readonly boxes: readonly ShownBox[];
  readonly ms: number;
}

interface TriedPaneProps {
  readonly reference: string;
  readonly photo: File | undefined;
  /** Of the photo, for the picture. */
  readonly url: string;
  readonly threshold: number;
  readonly zoom: Zoom;
  readonly onChoose: (reference: string) => void;
}

/** One checkpoint's answer. */
export function TriedPane(props: TriedPaneProps): JSX.Element {
  const { reference, photo, url, threshold, zoom, onChoose } = props;
  const { tried, error, isBusy } = useTried(reference, photo);
  const boxes = tried?.boxes.filter(({ score = 0 }) => score >= threshold) ?? [];
  return (
    <div>
      <label>
        Checkpoint{' '}
        <input
          type="text"
          list="checkpoints"
          value={reference}
          placeholder="alias or digest"
          onChange={({ currentTarget }) => onChoose(currentTarget.value.trim())}
        />
      </label>
      <p class="soft small" role="status">
        {isBusy && 'looking…'}
        {tried !== undefined &&
          `${boxes.length} found · ${number(tried.ms)} ms · ${shortDigest(tried.digest)}`}
      </p>
      <ErrorNote error={error} />
      {tried !== undefined && url !== '' && (
        <PicturePane
          title={reference}
          image={{ ...tried, key: photo?.name ?? '' }}
          boxes={boxes}
          src={url}
          masks
          zoom={zoom}
        />
      )}
    </div>
  );
}

interface TriedState {
  readonly tried?: Tried;
  readonly error?: ApiError;
  readonly isBusy: boolean;
}

function useTried(reference: string, photo: File | undefined): TriedState {
  const [state, setState] = useState<TriedState>({ isBusy: false });
  useEffect(() => {
    if (photo === undefined || reference === '') return;
    // Nobody waits for an upload that the console would not take.
    if (photo.size === 0 || photo.size > MAX_PHOTO_BYTES) {
      const message = `the photo must have 1 to ${MAX_PHOTO_BYTES} bytes, got ${photo.size}`;
      setState({ error: new ApiError('INVALID_ARGUMENT', message), isBusy: false });
      return;
    }
    const gone = new AbortController();
    setState({ isBusy: true });
    callApi<Tried>(`/try?checkpoint=${encodeURIComponent(reference)}`, {
      method: 'POST',
      body: photo,
      signal: gone.signal,
    }).then(
      (tried) => setState({ tried, isBusy: false }),
      (error: ApiError) => {
        if (!gone.signal.aborted) setState({ error, isBusy: false });
      },
    );
    return () => gone.abort();
  }, [reference, photo]);
  return state;
}
