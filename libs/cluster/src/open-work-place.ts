import type { Logger } from '@cassl/rpc';
import { processPlace } from './process-place.ts';
import type { WorkPlace } from './work-place.ts';

export interface OpenWorkPlaceOptions {
  /** `training` or `evaluation`. */
  readonly kind: string;
  /** The worker's entry file. */
  readonly entry: string;
  /** YAML file of the kind's Job, as the chart renders it: then work runs as Jobs of its namespace. */
  readonly template: string | undefined;
  readonly logger: Logger;
}

/** Where a service's settings say that its work runs: in child processes, or in Kubernetes. */
export async function openWorkPlace(options: OpenWorkPlaceOptions): Promise<WorkPlace> {
  const { kind, entry, template, logger } = options;
  if (template === undefined) return processPlace({ entries: { [kind]: entry } });
  // The Kubernetes client takes a second and 90 MiB: only where it is used.
  const { kubernetesPlace } = await import('./kubernetes-place.ts');
  return kubernetesPlace({ templates: { [kind]: template }, logger });
}
