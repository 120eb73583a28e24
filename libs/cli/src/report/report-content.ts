import type { Pipeline, Training } from '@cassl/proto';
import type { DrawingRow } from './drawing-row.ts';
import type { ArmMeasures } from './measure-arm.ts';
import type { ReportJson } from './report-json.ts';

/** Pictures of one arm. */
export interface ArmPictures {
  readonly best: readonly DrawingRow[];
  readonly typical: readonly DrawingRow[];
  readonly worst: readonly DrawingRow[];
}

/** One arm, looked at closely; only its first seed is. */
export interface ArmContent {
  readonly name: string;
  readonly measures: ArmMeasures;
  readonly pictures: ArmPictures;
}

/** Everything that a report shows. */
export interface ReportContent {
  readonly pipeline: Pipeline;
  readonly report: ReportJson;
  /** By stage, in order. */
  readonly trainings: readonly { readonly stage: string; readonly training: Training }[];
  /** Names of the classes, in order; empty where the validation images cannot be read. */
  readonly categories: readonly string[];
  readonly arms: readonly ArmContent[];
  readonly unlabeled: readonly DrawingRow[];
  /** Address of the label set; '' where there is none. */
  readonly labelSet: string;
  /** Repeats the run. */
  readonly command: string;
}
