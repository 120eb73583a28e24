import { describe, expect, it } from 'vitest';
import { placeFromEnvironment, planRanks, rankEnvironment } from './rank-plan.ts';

const schedule = {
  iterations: 1,
  batchSize: 16,
  learningRate: 1,
  weightDecay: 0,
  warmupIterations: 0,
  decay: 0,
  milestones: [],
  optimizer: 0,
  clipNorm: 0,
} as never;
const spec = { gpus: 0, nodes: 0, ranks: 0, schedule };
/** The second of two pods of an Indexed Job with two GPUs each, as libs/cluster sets it. */
const POD = {
  MASTER_ADDR: 'job-0.cassl-ranks',
  MASTER_PORT: '29500',
  WORLD_SIZE: '4',
  LOCAL_WORLD_SIZE: '2',
  GROUP_RANK: '1',
};

describe('the plan of ranks', () => {
  it('is one process where nothing is asked for, else one a GPU or CPU share of this machine', () => {
    expect(planRanks(spec, {})).toMatchObject({ size: 1, local: 1, first: 0, address: undefined });
    expect(planRanks({ ...spec, gpus: 4 }, {})).toMatchObject({ size: 4, local: 4, onGpus: true });
    expect(planRanks({ ...spec, ranks: 2 }, {})).toMatchObject({ size: 2, local: 2, onGpus: false });
  });

  it('of several nodes follows the Job, whose index may name the node', () => {
    const expected = { size: 4, local: 2, first: 2, address: 'job-0.cassl-ranks:29500' };
    expect(planRanks({ ...spec, nodes: 2, gpus: 2 }, POD)).toMatchObject({ ...expected, onGpus: true });
    const { GROUP_RANK: _, ...unnamed } = POD;
    expect(planRanks({ ...spec, nodes: 2 }, { ...unnamed, JOB_COMPLETION_INDEX: '1' })).toMatchObject(
      expected,
    );
    // CPU ranks are the specification's alone: the Job counts a rank a pod.
    const onCpu = { ...POD, WORLD_SIZE: '2', LOCAL_WORLD_SIZE: '1' };
    expect(planRanks({ ...spec, nodes: 2, ranks: 3 }, onCpu)).toMatchObject({
      size: 6,
      first: 3,
      onGpus: false,
    });
  });

  it('is refused for nodes that are not there and for more ranks than images in a batch', () => {
    expect(() => planRanks({ ...spec, nodes: 2 }, {})).toThrow(/nodes is 2.*one of 1.*Kubernetes Jobs/);
    expect(() => planRanks({ ...spec, ranks: 17 }, {})).toThrow(/batch_size must be at least .* 17, got 16/);
  });

  it.each([
    [{ LOCAL_WORLD_SIZE: '0' }, 'LOCAL_WORLD_SIZE must be a whole number from 1, got "0"'],
    [{ LOCAL_WORLD_SIZE: '' }, 'LOCAL_WORLD_SIZE must be a whole number from 1, got ""'],
    [{ WORLD_SIZE: 'two' }, 'WORLD_SIZE must be a whole number from 1, got "two"'],
    [{ GROUP_RANK: '2' }, 'needs GROUP_RANK, its own number from 0, got 2'],
    [{ GROUP_RANK: 'first' }, 'needs GROUP_RANK, its own number from 0, got NaN'],
    [{ MASTER_ADDR: undefined }, 'ranks need MASTER_ADDR and MASTER_PORT, where rank 0 is, got ""'],
    [{ MASTER_PORT: 'x' }, 'ranks need MASTER_ADDR and MASTER_PORT'],
  ])('is refused, by the name, for variables that are no place: %o', (changes, message) => {
    expect(() => planRanks({ ...spec, nodes: 2 }, { ...POD, ...changes })).toThrow(
      expect.objectContaining({
        code: 'FAILED_PRECONDITION',
        message: expect.stringContaining(message),
      }),
    );
  });

  it('refuses a place without the address of rank 0, which would be waited for', () => {
    expect(() => placeFromEnvironment({ RANK: '1', WORLD_SIZE: '2' })).toThrow(
      'ranks need MASTER_ADDR and MASTER_PORT',
    );
  });

  it('gives each process its place, and a GPU or its share of the cores', () => {
    const plan = planRanks({ ...spec, nodes: 2, gpus: 2 }, POD);
    const env = rankEnvironment(plan, 1, { address: 'job-0.cassl-ranks:29500', cores: 8 });
    expect(placeFromEnvironment(env)).toEqual({ rank: 3, size: 4, address: 'job-0.cassl-ranks:29500' });
    expect(env).toMatchObject({ CASSL_DEVICE: 'cuda:1', LOCAL_RANK: '1' });
    const onCpu = planRanks({ ...spec, ranks: 3 }, {});
    expect(rankEnvironment(onCpu, 0, { address: 'a:1', cores: 8 })).toMatchObject({ OMP_NUM_THREADS: '2' });
    expect(placeFromEnvironment({})).toBeUndefined();
  });
});
