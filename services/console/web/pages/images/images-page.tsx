import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../../format.ts';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { useAnswer } from '../../use-answer.ts';
import { ImageFilters } from './image-filters.tsx';
import { ImageGrid } from './image-grid.tsx';
import { ImageViewer } from './image-viewer.tsx';
import type { SetHead } from './image-types.ts';
import { SetPicker } from './set-picker.tsx';
import { usePages } from './use-pages.ts';

const FILTERS = ['show', 'order', 'minScore', 'maxScore', 'minSize', 'maxSize', 'category'];

/** The images of a label set with what was found in them, beside what people labeled: `?set=ADDRESS&job=ID`. */
export function ImagesPage({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const set = query.get('set') ?? '';
  return (
    <>
      <h1>Images</h1>
      <SetPicker set={set} />
      {set !== '' && <SetImages key={set} query={query} set={set} />}
    </>
  );
}

function SetImages({ query, set }: { readonly query: URLSearchParams; readonly set: string }): JSX.Element {
  const base = new URLSearchParams({ set, job: query.get('job') ?? '' }).toString();
  const { value: head, error } = useAnswer<SetHead>(`/label-sets/head?${base}`);
  const filters = FILTERS.flatMap((name) => {
    const value = query.get(name);
    return value === null ? [] : [`${name}=${encodeURIComponent(value)}`];
  });
  const pages = usePages([base, ...filters].join('&'), head?.totals.images ?? 0);
  const [opened, setOpened] = useState<number>();
  const isScanning = head !== undefined && pages.seen < head.totals.images;
  return (
    <>
      <ErrorNote error={error ?? pages.error} />
      {head !== undefined && (
        <>
          <ImageFilters query={query} categories={head.categories} />
          <p class="soft" role="status">
            {count(pages.total)} of {count(head.totals.images)} images
            {isScanning && ` · looked at ${count(pages.seen)} so far`} · δ = {head.threshold.toFixed(2)} ·{' '}
            {count(head.totals.labels)} labels · {count(head.totals.failed)} failed
          </p>
        </>
      )}
      {pages.total === 0 && head !== undefined && !isScanning && (
        <EmptyNote>No image is like that.</EmptyNote>
      )}
      <ImageGrid pages={pages} base={base} onOpen={setOpened} />
      {opened !== undefined && (
        <ImageViewer
          index={opened}
          pages={pages}
          base={base}
          onMove={setOpened}
          onClose={() => setOpened(undefined)}
        />
      )}
    </>
  );
}
