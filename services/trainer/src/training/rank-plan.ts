import { failedPrecondition, invalidArgument } from '@cassl/errors';
import type { TrainingSpec } from '@cassl/proto';

/** How many processes train together, and which of them run on this machine. */
export interface RankPlan {
  /** Ranks of all machines. */
  readonly size: number;
  /** Ranks of this machine, from `first` on. */
  readonly local: number;
  readonly first: number;
  /** True where each has a GPU of its own. */
  readonly onGpus: boolean;
  /** `host:port` of rank 0; undefined where all are here: any free port. */
  readonly address: string | undefined;
}

/** One process's place in the plan. */
export interface RankPlace {
  readonly rank: number;
  readonly size: number;
  /** `host:port` of rank 0. */
  readonly address: string;
}

/**
 * The plan for a worker, which is the launcher of its machine. A pod of an Indexed Job finds its place in the variables that
 * PyTorch's launcher uses.
 * @throws FAILED_PRECONDITION for variables that are no places, and for several nodes where nothing says which one this is; INVALID_ARGUMENT for more ranks than
 *   images in a batch
 */
export function planRanks(
  spec: Pick<TrainingSpec, 'gpus' | 'nodes' | 'ranks' | 'schedule'>,
  env: NodeJS.ProcessEnv = process.env,
): RankPlan {
  const offered = countFrom(env, 'LOCAL_WORLD_SIZE', 1);
  const nodes = countFrom(env, 'WORLD_SIZE', offered) / offered;
  if (spec.nodes > 1 && nodes !== spec.nodes) {
    throw failedPrecondition(
      `TrainingSpec.nodes is ${spec.nodes}, but this worker is one of ${nodes}: several nodes need trainings as Kubernetes Jobs`,
    );
  }
  const local = Math.max(1, spec.gpus, spec.ranks, spec.gpus + spec.ranks === 0 ? offered : 1);
  const size = nodes * local;
  const batchSize = spec.schedule?.batchSize ?? 1;
  if (size > batchSize) {
    throw invalidArgument(
      `TrainingSpec.schedule.batch_size must be at least the number of ranks, ${size}, got ${batchSize}`,
    );
  }
  const node = nodes === 1 ? 0 : Number(env.GROUP_RANK ?? env.JOB_COMPLETION_INDEX);
  if (!(Number.isInteger(node) && node >= 0 && node < nodes)) {
    throw failedPrecondition(`one of ${nodes} nodes needs GROUP_RANK, its own number from 0, got ${node}`);
  }
  const address = nodes === 1 ? undefined : addressFrom(env);
  return {
    size,
    local,
    first: node * local,
    onGpus: spec.ranks === 0 && (spec.gpus > 0 || offered > 1),
    address,
  };
}

/** The place that the launcher gave this process. */
export function placeFromEnvironment(env: NodeJS.ProcessEnv = process.env): RankPlace | undefined {
  if (env.RANK === undefined) return undefined;
  return {
    rank: Number(env.RANK),
    size: Number(env.WORLD_SIZE),
    address: addressFrom(env),
  };
}

function countFrom(env: NodeJS.ProcessEnv, name: string, usual: number): number {
  const value = env[name] === undefined ? usual : Number(env[name]);
  if (Number.isInteger(value) && value > 0) return value;
  throw failedPrecondition(`${name} must be a whole number from 1, got ${JSON.stringify(env[name])}`);
}

/** Ranks would wait ten minutes for an address that nobody gave. */
function addressFrom({ MASTER_ADDR: host = '', MASTER_PORT: port = '' }: NodeJS.ProcessEnv): string {
  if (host !== '' && /^\d+$/.test(port)) return `${host}:${port}`;
  throw failedPrecondition(
    `ranks need MASTER_ADDR and MASTER_PORT, where rank 0 is, got ${JSON.stringify(host)} and ${JSON.stringify(port)}`,
  );
}

/** What the launcher gives to rank `local` of its machine: `placeFromEnvironment` and the engine read it. */
export function rankEnvironment(
  { size, local: ranks, first, onGpus }: RankPlan,
  local: number,
  { address, cores }: { readonly address: string; readonly cores: number },
): Record<string, string> {
  const [, host = '', port = ''] = /^(.+):(\d+)$/.exec(address) ?? [];
  return {
    RANK: String(first + local),
    LOCAL_RANK: String(local),
    WORLD_SIZE: String(size),
    MASTER_ADDR: host,
    MASTER_PORT: port,
    ...(onGpus
      ? { CASSL_DEVICE: `cuda:${local}` }
      : { OMP_NUM_THREADS: String(Math.max(1, Math.floor(cores / ranks))) }),
  };
}
