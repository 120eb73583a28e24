import type { JobOwner, Jobs } from '@cassl/jobs';
import type { ResumeTrainingRequest, Training } from '@cassl/proto';
import { checkRanks } from './check-training-spec.ts';

/**
 * Queues an ended training again, on as many ranks as the request says.
 * @throws INVALID_ARGUMENT for ranks that its batch cannot feed; FAILED_PRECONDITION after a success
 */
export async function resumeTraining(
  trainings: Jobs<Training>,
  { id, ...ranks }: ResumeTrainingRequest,
  owner?: JobOwner,
): Promise<Training> {
  const named = Object.entries(ranks).filter(([, value]) => value !== undefined);
  const onRanks = (training: Training): Training => {
    if (training.spec === undefined) return training;
    const spec = { ...training.spec, ...Object.fromEntries(named) };
    checkRanks('ResumeTrainingRequest', spec, [spec.schedule]);
    return { ...training, spec };
  };
  return trainings.resume(id, onRanks, owner);
}
