import type { Training } from '@cassl/proto';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { Json } from '../../json.ts';
import { Badge } from '../../parts/badge.tsx';
import { EmptyNote, ErrorNote } from '../../parts/notes.tsx';
import { progressText } from '../../parts/progress.tsx';
import { ShowMore, type LiveList } from '../../parts/show-more.tsx';

interface RunPickerProps {
  readonly trainings: LiveList<Json<Training>>;
  readonly chosen: readonly string[];
  readonly onChange: (chosen: readonly string[]) => void;
}

/** All trainings, to choose from; narrowed by a text in their ids. */
export function RunPicker({ trainings, chosen, onChange }: RunPickerProps): JSX.Element {
  const { value, error } = trainings;
  const [text, setText] = useState('');
  const toggle = (id: string): void =>
    onChange(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  const shown = value?.filter(({ status }) => status?.id.includes(text) ?? false) ?? [];
  return (
    <fieldset class="panel picker">
      <legend>Trainings</legend>
      <input
        type="search"
        placeholder="part of an id"
        aria-label="Show trainings whose id contains"
        value={text}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      <ErrorNote error={error} />
      {value?.length === 0 && <EmptyNote>No training yet.</EmptyNote>}
      <ul>
        {shown.map(({ status }) => (
          <li key={status?.id}>
            <label>
              <input
                type="checkbox"
                checked={chosen.includes(status?.id ?? '')}
                onChange={() => toggle(status?.id ?? '')}
              />{' '}
              {status?.id} <Badge state={status?.state} />
              <span class="soft small">{progressText(status)}</span>
            </label>
          </li>
        ))}
      </ul>
      <ShowMore list={trainings} what="trainings" />
    </fieldset>
  );
}
