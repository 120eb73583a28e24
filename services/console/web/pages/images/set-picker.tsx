import type { Labeling } from '@cassl/proto';
import type { JSX } from 'preact';
import type { Json } from '../../json.ts';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { goTo } from '../../router.tsx';
import { useEvents } from '../../use-events.ts';

/** Chooses a label set: one of a labeling job, or any by its address. */
export function SetPicker({ set }: { readonly set: string }): JSX.Element {
  const { value, error } = useEvents<readonly Json<Labeling>[], readonly Json<Labeling>[]>(
    '/labelings/events',
    (_, list) => list.filter(({ labelSetUri }) => labelSetUri !== ''),
  );
  const jobOf = (address: string): string =>
    value?.find(({ labelSetUri }) => labelSetUri === address)?.status?.id ?? '';
  const open = (address: string): void =>
    goTo(`/images?${new URLSearchParams({ set: address, job: jobOf(address) })}`);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const address = new FormData(event.currentTarget as HTMLFormElement).get('address');
    if (typeof address === 'string' && address !== '') open(address.trim());
  };
  return (
    <form class="panel controls" onSubmit={submit}>
      <ErrorNote error={error} />
      <label>
        Label set of{' '}
        <select value={set} onChange={({ currentTarget }) => open(currentTarget.value)}>
          <option value="">choose a labeling</option>
          {value?.map(({ labelSetUri, status }) => (
            <option key={labelSetUri} value={labelSetUri}>
              {status?.id}
            </option>
          ))}
        </select>
      </label>
      <label class="grow">
        or at <input name="address" type="text" value={set} placeholder="file:///…/….labelset.jsonl" />
      </label>
      <button type="submit">Open</button>
      {value?.length === 0 && set === '' && (
        <EmptyNote>No labeling has ended with a label set yet.</EmptyNote>
      )}
    </form>
  );
}
