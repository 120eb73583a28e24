import { queuedStatus, type Jobs } from '@cassl/jobs';
import type { Training, TrainingSpec } from '@cassl/proto';
import { checkTrainingSpec } from './check-training-spec.ts';

/** Starts a training that has a chance to end well. @throws what `checkTrainingSpec` refuses */
export async function startTraining(
  trainings: Jobs<Training>,
  id: string,
  spec: TrainingSpec | undefined,
): Promise<Training> {
  const checked = await checkTrainingSpec(spec);
  return trainings.start(id, {
    status: queuedStatus(id, { total: checked.schedule?.iterations ?? 0, unit: 'iterations' }),
    spec: checked,
    checkpointDigest: '',
    curve: [],
    resumedFrom: 0,
    engine: '',
    notes: [],
  });
}
