export type { Task, Work, WorkEnd, WorkPlace } from './work-place.ts';
export { openWorkPlace, type OpenWorkPlaceOptions } from './open-work-place.ts';
export { processPlace, type ProcessPlaceOptions } from './process-place.ts';
export { runWork, type RunWorkOptions } from './run-work.ts';
export { sweepOrphans, type SweepOrphansOptions } from './sweep-orphans.ts';
