import type { JSX } from 'preact';
import { setQuery } from '../../router.tsx';

const SHOW: readonly (readonly [value: string, title: string, wantsTruth?: true])[] = [
  ['all', 'all images'],
  ['labeled', 'with labels'],
  ['empty', 'without labels'],
  ['failed', 'that failed'],
  ['false-positives', 'with false labels', true],
  ['missed', 'with missed objects', true],
];

const ORDER: readonly (readonly [value: string, title: string, wantsTruth?: true])[] = [
  ['pool', 'as in the pool'],
  ['false-positives', 'most false labels first', true],
  ['disagreement', 'most disagreement first', true],
  ['best-score', 'surest first'],
  ['worst-score', 'least sure first'],
];

interface ImageFiltersProps {
  readonly query: URLSearchParams;
  /** Null where there is no truth to compare with. */
  readonly categories: readonly string[] | null;
}

/** Which images, in which order; they are part of the page's address. */
export function ImageFilters({ query, categories }: ImageFiltersProps): JSX.Element {
  const choice = (name: string, title: string, options: typeof SHOW): JSX.Element => (
    <label>
      {title}{' '}
      <select
        value={query.get(name) ?? options[0]?.[0]}
        onChange={({ currentTarget: { value } }) => setQuery(name, value === options[0]?.[0] ? '' : value)}
      >
        {options.map(
          ([value, text, wantsTruth]) =>
            (wantsTruth !== true || categories !== null) && (
              <option key={value} value={value}>
                {text}
              </option>
            ),
        )}
      </select>
    </label>
  );
  const bound = (name: string, title: string, otherwise: number): JSX.Element => (
    <label>
      {title}{' '}
      <input
        type="number"
        min="0"
        max="1"
        step="0.05"
        value={query.get(name) ?? otherwise}
        onChange={({ currentTarget: { value } }) => setQuery(name, Number(value) === otherwise ? '' : value)}
      />
    </label>
  );
  return (
    <div class="panel controls" role="group" aria-label="Filters">
      {choice('show', 'Show', SHOW)}
      {choice('order', 'Order', ORDER)}
      {categories !== null &&
        choice('category', 'Class', [
          ['-1', 'any'],
          ...categories.slice(0, 32).map((name, index) => [String(index), name] as const),
        ])}
      {bound('minScore', 'Best score from', 0)}
      {bound('maxScore', 'to', 1)}
      {bound('minSize', 'Size from', 0)}
      {bound('maxSize', 'to', 1)}
    </div>
  );
}
