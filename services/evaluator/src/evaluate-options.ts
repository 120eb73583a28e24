import type { EvaluationSpec } from '@cassl/proto';
import type { Logger } from '@cassl/rpc';
import type { RegistryClient } from '@cassl/workers';

export interface EvaluateOptions {
  readonly spec: EvaluationSpec;
  readonly registry: RegistryClient;
  readonly cacheDir: string;
  readonly logger: Logger;
  readonly onProgress: (done: number, total: number) => void;
}
