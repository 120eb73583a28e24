import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { count } from '../../format.ts';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { setQuery } from '../../router.tsx';
import { useAnswer } from '../../use-answer.ts';
import { ImageFilters } from './image-filters.tsx';
import { ImageGrid } from './image-grid.tsx';
import { ImageViewer } from './image-viewer.tsx';
import type { SetHead } from './image-types.ts';
import { SetPicker } from './set-picker.tsx';
import { usePages } from './use-pages.ts';

const FILTERS = ['show', 'order', 'minScore', 'maxScore', 'minSize', 'maxSize', 'category'];

/**
 * The images of a label set with what was found in them, beside what people labeled: `?set=ADDRESS&job=ID`, or those of an evaluation with its
 * detections: `?evaluation=ID&above=SCORE`.
 */
export function ImagesPage({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const evaluation = query.get('evaluation') ?? '';
  const above = query.get('above') ?? '0.3';
  const set = query.get('set') ?? '';
  return (
    <>
      <h1>Images</h1>
      <SetPicker set={set} evaluation={evaluation} />
      {evaluation !== '' && (
        <EvaluationImages
          key={`${evaluation} ${above}`}
          query={query}
          evaluation={evaluation}
          above={above}
        />
      )}
      {evaluation === '' && set !== '' && (
        <SetImages key={set} query={query} base={{ set, job: query.get('job') ?? '' }} />
      )}
    </>
  );
}

interface EvaluationImagesProps {
  readonly query: URLSearchParams;
  readonly evaluation: string;
  /** Detections with a score above it are looked at. */
  readonly above: string;
}

function EvaluationImages({ query, evaluation, above }: EvaluationImagesProps): JSX.Element {
  const path = `/label-sets/of-evaluation?${new URLSearchParams({ evaluation, above })}`;
  const { value, error } = useAnswer<{ readonly set: string }>(path);
  return (
    <>
      <p class="controls">
        <label>
          Detections above{' '}
          <input
            type="number"
            min="0"
            max="0.99"
            step="0.05"
            value={above}
            onChange={({ currentTarget }) => setQuery('above', currentTarget.value)}
          />
        </label>
      </p>
      <ErrorNote error={error} />
      {value === undefined && error === undefined && <EmptyNote>Reading its detections…</EmptyNote>}
      {value !== undefined && <SetImages query={query} base={{ set: value.set, evaluation }} />}
    </>
  );
}

interface SetImagesProps {
  readonly query: URLSearchParams;
  /** The set, and where its truth comes from. */
  readonly base: Readonly<Record<string, string>>;
}

function SetImages({ query, base: named }: SetImagesProps): JSX.Element {
  const base = new URLSearchParams(named).toString();
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
