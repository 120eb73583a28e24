import { JobState, Labeling } from '@cassl/proto';
import { createMetrics } from '@cassl/rpc';
import { expect, it } from 'vitest';
import { observeTeachers } from './observe-teachers.ts';

const health = {
  emptyRate: 0.25,
  fullRate: 0.125,
  labelsPerImage: 3.5,
  scoreQuantiles: [0.1, 0.4, 0.9],
  drift: 0.7,
};
const job = (id: string, state: JobState): Labeling =>
  Labeling.fromPartial({ status: { id, state }, health });

it('tells of running labelings alone, and forgets them when they have ended', async () => {
  const metrics = createMetrics('test');
  let jobs = [job('on', JobState.JOB_STATE_RUNNING), job('over', JobState.JOB_STATE_SUCCEEDED)];
  observeTeachers(() => jobs, metrics);
  const lines = async (): Promise<string[]> =>
    (await metrics.metrics()).split('\n').filter((line) => line.startsWith('cassl_teacher_'));
  const said = (await lines()).map((line) => line.replace(/,?service="test"/, ''));
  expect(said.sort()).toEqual([
    'cassl_teacher_drift{labeling="on"} 0.7',
    'cassl_teacher_empty_rate{labeling="on"} 0.25',
    'cassl_teacher_full_rate{labeling="on"} 0.125',
    'cassl_teacher_labels_per_image{labeling="on"} 3.5',
    'cassl_teacher_score{labeling="on",quantile="0.1"} 0.1',
    'cassl_teacher_score{labeling="on",quantile="0.5"} 0.4',
    'cassl_teacher_score{labeling="on",quantile="0.9"} 0.9',
  ]);
  jobs = [job('on', JobState.JOB_STATE_CANCELLED)];
  expect(await lines()).toEqual([]);
});
