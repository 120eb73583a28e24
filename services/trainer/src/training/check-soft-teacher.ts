import { invalidArgument } from '@cassl/errors';
import type { SoftTeacher, TrainingSpec } from '@cassl/proto';
import { checkExists } from '@cassl/workers';

const MAX_BATCH = 256;

/** @throws INVALID_ARGUMENT that names the field, its value and its bound */
export function checkSoftTeacher(field: string, softTeacher: SoftTeacher): void {
  const { batchSize, weight, threshold, momentum } = softTeacher;
  const require = (isRight: boolean, name: string, bound: string, value: number): void => {
    if (!isRight) throw invalidArgument(`${field}.${name} must be in ${bound}, got ${value}`);
  };
  require(batchSize <= MAX_BATCH, 'batch_size', `[0, ${MAX_BATCH}]`, batchSize);
  require(weight >= 0 && weight <= 100, 'weight', '[0, 100]', weight);
  require(threshold >= 0 && threshold < 1, 'threshold', '[0, 1)', threshold);
  require(momentum >= 0 && momentum < 1, 'momentum', '[0, 1)', momentum);
}

/** @throws INVALID_ARGUMENT for more than one rank: each would need the others' unlabeled images */
export function checkOneProcess(
  field: string,
  { gpus, nodes, ranks }: Pick<TrainingSpec, 'gpus' | 'nodes' | 'ranks'>,
): void {
  if (Math.max(gpus, nodes, ranks) <= 1) return;
  throw invalidArgument(
    `${field}: joint training runs in one process, got gpus ${gpus}, nodes ${nodes}, ranks ${ranks}`,
  );
}

/** @throws INVALID_ARGUMENT; NOT_FOUND for a pool that is not there */
export async function checkJointTraining(spec: TrainingSpec): Promise<void> {
  const { softTeacher, data } = spec;
  if (softTeacher === undefined) return;
  checkSoftTeacher('TrainingSpec.soft_teacher', softTeacher);
  checkOneProcess('TrainingSpec', spec);
  if (data?.$case !== 'labeled') {
    throw invalidArgument('TrainingSpec.soft_teacher needs labeled data: its teacher labels the rest itself');
  }
  await checkExists('TrainingSpec.soft_teacher.unlabeled.uri', softTeacher.unlabeled?.uri ?? '');
}
