import type { Training } from '@cassl/proto';
import type { Json } from '../../json.ts';
import { useEvents, type Live } from '../../use-events.ts';
import { Curve } from './curve.ts';

/** What the console sends of one of several runs. */
export interface RunEvent {
  readonly id: string;
  readonly training?: Json<Training>;
  readonly error?: { readonly code: string; readonly message: string };
}

/** A run with its curve so far. */
export interface Run {
  readonly id: string;
  readonly training: Json<Training> | undefined;
  /** Grows in place; `version` of the runs tells that it did. */
  readonly curve: Curve;
  readonly error: RunEvent['error'];
}

export interface Runs {
  readonly byId: ReadonlyMap<string, Run>;
  /** Changes with every event. */
  readonly version: number;
}

/** Follows several trainings over one connection. */
export function useRuns(ids: readonly string[]): Live<Runs> {
  const path = ids.length === 0 ? undefined : `/trainings/watch?ids=${ids.map(encodeURIComponent).join(',')}`;
  return useEvents<RunEvent, Runs>(path, withEvent);
}

function withEvent(last: Runs | undefined, { id, training, error }: RunEvent): Runs {
  const known = last?.byId.get(id);
  const curve = known?.curve ?? new Curve();
  if (training !== undefined) curve.add(training.curve);
  const run = { id, training: training ?? known?.training, curve, error };
  return { byId: new Map(last?.byId ?? []).set(id, run), version: (last?.version ?? 0) + 1 };
}
