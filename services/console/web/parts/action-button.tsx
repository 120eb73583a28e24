import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { callApi, type ApiError } from '../api.ts';
import { ErrorNote } from './notes.tsx';

interface ActionButtonProps {
  readonly label: string;
  /** Below /api; sent as POST. */
  readonly path: string;
  /** Asks first, in these words. */
  readonly question?: string;
  readonly kind?: 'danger';
}

/** A button that asks the platform to do something, says that it is being done, and shows why it was refused. */
export function ActionButton({ label, path, question, kind }: ActionButtonProps): JSX.Element {
  const [isBusy, setBusy] = useState(false);
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<ApiError>();
  const act = (): void => {
    setAsking(false);
    setBusy(true);
    setError(undefined);
    callApi(path, { method: 'POST' })
      .catch(setError)
      .finally(() => setBusy(false));
  };
  if (isAsking) {
    return (
      <span class="question">
        {question}{' '}
        <button type="button" class="danger" onClick={act} autofocus>
          {label}
        </button>{' '}
        <button type="button" onClick={() => setAsking(false)}>
          Keep it
        </button>
      </span>
    );
  }
  return (
    <>
      <button
        type="button"
        class={kind}
        disabled={isBusy}
        onClick={question === undefined ? act : () => setAsking(true)}
      >
        {isBusy ? `${label}…` : label}
      </button>
      <ErrorNote error={error} />
    </>
  );
}
