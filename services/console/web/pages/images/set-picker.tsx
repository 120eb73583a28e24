import type { Labeling } from '@cassl/proto';
import type { JSX } from 'preact';
import { count } from '../../format.ts';
import type { Json } from '../../json.ts';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { ShowMore, useList } from '../../parts/show-more.tsx';
import { goTo } from '../../router.tsx';
import { useAnswer } from '../../use-answer.ts';

interface KeptEvaluations {
  readonly evaluations: readonly string[];
  /** How many of the newest were looked through for them. */
  readonly searched: number;
  readonly isMore: boolean;
}

interface SetPickerProps {
  readonly set: string;
  readonly evaluation: string;
}

/** Chooses a label set, one of a labeling job or any by its address, or the detections of an evaluation. */
export function SetPicker({ set, evaluation }: SetPickerProps): JSX.Element {
  const { value: kept } = useAnswer<KeptEvaluations>('/evaluations');
  const labelings = useList<Json<Labeling>>('/labelings/events');
  const value = labelings.value?.filter(({ labelSetUri }) => labelSetUri !== '');
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
      <ErrorNote error={labelings.error} />
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
      <label>
        or detections of{' '}
        <select
          value={evaluation}
          onChange={({ currentTarget: { value: id } }) =>
            goTo(`/images?${new URLSearchParams({ evaluation: id })}`)
          }
        >
          <option value="">choose an evaluation</option>
          {kept?.evaluations.map((id) => (
            <option key={id} value={id}>
              {id}
            </option>
          ))}
        </select>
      </label>
      <label class="grow">
        or at <input name="address" type="text" value={set} placeholder="file:///…/….labelset.jsonl" />
      </label>
      <button type="submit">Open</button>
      {value?.length === 0 && set === '' && evaluation === '' && (
        <EmptyNote>No labeling has ended with a label set yet.</EmptyNote>
      )}
      <ShowMore list={labelings} what="labelings" />
      {kept?.isMore === true && (
        <p class="soft">
          Of evaluations the newest {count(kept.searched)} are shown: others are on the page of their
          checkpoint.
        </p>
      )}
    </form>
  );
}
