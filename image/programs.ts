/** What the image can run. */
export interface Program {
  /** From the root of the repository. */
  readonly entry: string;
  /** It, or a child of it, needs the engine. */
  readonly computes: boolean;
}

export const PROGRAMS: Readonly<Record<string, Program>> = {
  registry: { entry: 'services/registry/src/main.ts', computes: false },
  trainer: { entry: 'services/trainer/src/main.ts', computes: false },
  evaluator: { entry: 'services/evaluator/src/main.ts', computes: false },
  labeler: { entry: 'services/labeler/src/main.ts', computes: true },
  console: { entry: 'services/console/src/main.ts', computes: false },
  'label-worker': { entry: 'services/labeler/src/labeling/label-worker.ts', computes: true },
  'training-worker': { entry: 'services/trainer/src/training/worker.ts', computes: true },
  'evaluation-worker': { entry: 'services/evaluator/src/worker.ts', computes: true },
  'smoke-test': { entry: 'image/smoke-test.ts', computes: false },
  cli: { entry: 'libs/cli/src/main.ts', computes: false },
};
