import { queuedStatus, type JobOwner, type Jobs } from '@cassl/jobs';
import type { Training, TrainingSpec } from '@cassl/proto';
import { checkTrainingSpec } from './check-training-spec.ts';

/** Starts a training that has a chance to end well. @throws what `checkTrainingSpec` refuses */
export async function startTraining(
  trainings: Jobs<Training>,
  id: string,
  spec: TrainingSpec | undefined,
  owner?: JobOwner,
): Promise<Training> {
  const checked = await checkTrainingSpec(spec);
  const training: Training = {
    status: queuedStatus(id, { total: checked.schedule?.iterations ?? 0, unit: 'iterations' }),
    spec: checked,
    checkpointDigest: '',
    curve: [],
    resumedFrom: 0,
    engine: '',
    notes: [],
  };
  return trainings.start(id, training, owner);
}
