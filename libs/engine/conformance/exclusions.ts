import type { EngineName } from '../src/engine.ts';

interface Exclusion {
  readonly reason: string;
  readonly engines: readonly EngineName[];
  /** Parts of the full names of the specs. */
  readonly specs: readonly (string | RegExp)[];
}

const exclusions: readonly Exclusion[] = [];

/** Why a spec is not run on an engine; undefined where it is. */
export function exclusionReason(engine: EngineName, spec: string): string | undefined {
  return exclusions.find(
    ({ engines, specs }) =>
      engines.includes(engine) &&
      specs.some((part) => (typeof part === 'string' ? spec.includes(part) : part.test(spec))),
  )?.reason;
}
