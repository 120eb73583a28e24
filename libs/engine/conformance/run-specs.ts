import { createRequire } from 'node:module';
import type { EngineName } from '../src/engine.ts';
import { bundleSpecs } from './bundle-specs.ts';
import { exclusionReason } from './exclusions.ts';
import { installJasmine, type SpecResult } from './jasmine.ts';

interface TestEnvironment {
  readonly name: string;
  readonly backendName: string;
  readonly isDataSync: boolean;
}

export interface ConformanceResult {
  readonly passed: number;
  readonly failures: readonly { readonly spec: string; readonly message: string }[];
  /** Reason → number of specs. */
  readonly excluded: Readonly<Record<string, number>>;
}

/** Runs tfjs-core's specs on an engine that is open. `only` keeps the specs whose name contains it. */
export async function runSpecs(engine: EngineName, only = ''): Promise<ConformanceResult> {
  const bundle = await bundleSpecs();
  const jasmine = installJasmine();
  // The name is part of each spec's name: one for all engines keeps their lists comparable.
  loadSpecs(bundle, { name: '@', backendName: engine, isDataSync: true });
  let passed = 0;
  const failures: { spec: string; message: string }[] = [];
  const excluded: Record<string, number> = {};
  jasmine.configure({
    random: false,
    specFilter: (spec) => {
      const name = spec.getFullName();
      if (!name.includes(only)) return false;
      const reason = exclusionReason(engine, name);
      if (reason === undefined) return true;
      excluded[reason] = (excluded[reason] ?? 0) + 1;
      return false;
    },
  });
  jasmine.addReporter({
    specDone(result: SpecResult) {
      if (result.status === 'passed') passed += 1;
      if (result.status === 'failed') {
        failures.push({ spec: result.fullName, message: result.failedExpectations[0]?.message ?? '' });
      }
    },
  });
  await jasmine.execute();
  return { passed, failures, excluded };
}

function loadSpecs(bundle: string, environment: TestEnvironment): void {
  const require = createRequire(import.meta.url);
  (globalThis as { casslTestEnvironment?: TestEnvironment }).casslTestEnvironment = environment;
  require(bundle);
}
