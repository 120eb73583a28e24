import type { ComponentChildren, JSX } from 'preact';
import type { ApiError } from '../api.ts';

/** What went wrong, with its code; screen readers are told at once. */
export function ErrorNote({
  error,
}: {
  readonly error: Pick<ApiError, 'code' | 'message'> | undefined;
}): JSX.Element | null {
  if (error === undefined) return null;
  return (
    <p class="note bad" role="alert">
      <strong>{error.code}</strong> {error.message}
    </p>
  );
}

export function EmptyNote({ children }: { readonly children: ComponentChildren }): JSX.Element {
  return <p class="note">{children}</p>;
}

/** Names and values, two columns; values that are not known are left out. */
export function Facts({
  facts,
}: {
  readonly facts: readonly (readonly [string, ComponentChildren])[];
}): JSX.Element {
  const known = facts.filter(
    ([, value]) => value !== undefined && value !== null && value !== '' && value !== false,
  );
  return (
    <dl class="facts">
      {known.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
