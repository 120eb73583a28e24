export { runLoad, type Ask, type LoadPlan, type LoadShape } from './run-load.ts';
export type { LoadResult } from './summarize.ts';
export { openTarget, type LoadTarget, type TargetOptions } from './open-target.ts';
