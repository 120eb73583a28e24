export type { Task, Work, WorkEnd, WorkPlace } from './work-place.ts';
export { processPlace, type ProcessPlaceOptions } from './process-place.ts';
export { kubernetesPlace, type KubernetesPlaceOptions } from './kubernetes-place.ts';
export { runWork, type RunWorkOptions } from './run-work.ts';
