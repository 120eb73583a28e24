import type { JSX } from 'preact';
import { AliasHistory } from './alias-history.tsx';
import { AliasList } from './alias-list.tsx';
import { CheckpointList } from './checkpoint-list.tsx';

/** Aliases and checkpoints; `?alias=NAME` opens an alias's history. */
export function RegistryPage({ alias }: { readonly alias: string }): JSX.Element {
  return (
    <>
      <h1>Registry</h1>
      <AliasList />
      {alias !== '' && <AliasHistory key={alias} alias={alias} />}
      <CheckpointList />
    </>
  );
}
