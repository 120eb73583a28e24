import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

export interface SpecResult {
  readonly fullName: string;
  readonly status: 'passed' | 'failed' | 'pending' | 'excluded';
  readonly failedExpectations: readonly { readonly message: string; readonly stack?: string }[];
}

interface JasmineEnvironment {
  configure(settings: { random: boolean; specFilter: (spec: { getFullName(): string }) => boolean }): void;
  addReporter(reporter: { specDone(result: SpecResult): void }): void;
  execute(): Promise<unknown>;
}

interface JasmineRequire {
  core(library: JasmineRequire): { getEnv(): JasmineEnvironment; DEFAULT_TIMEOUT_INTERVAL: number };
  interface(jasmine: object, environment: JasmineEnvironment): Record<string, unknown>;
}

/** Makes jasmine's describe, it and expect global, as the specs want them. */
export function installJasmine(): JasmineEnvironment {
  const library = require('jasmine-core/lib/jasmine-core/jasmine.js') as JasmineRequire;
  const jasmine = library.core(library);
  const environment = jasmine.getEnv();
  Object.assign(globalThis, library.interface(jasmine, environment), { jasmine });
  jasmine.DEFAULT_TIMEOUT_INTERVAL = 20_000;
  return environment;
}
