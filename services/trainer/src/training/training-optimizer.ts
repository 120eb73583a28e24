import * as tf from '@tensorflow/tfjs-core';
import { float32Tensor, toFloat32, type HostTensor, type StateDict } from '@cassl/checkpoints';
import { weightDecayFor, type Detector } from '@cassl/detector';
import { createAdamW, createSgd, type NamedVariable, type ParameterOptimizer } from '@cassl/engine';
import { Optimizer, type Schedule } from '@cassl/proto';

/** Which parameters keep what a checkpoint gave them. */
type IsInherited = (name: string) => boolean;

/**
 * The optimiser that a schedule names; norms are never decayed (method of the paper's code, weight decay table). With an
 * `inherited_rate`, inherited parameters have an optimiser of their own at that part of the rate.
 */
export function createTrainingOptimizer(
  detector: Detector,
  schedule: Schedule,
  isInherited: IsInherited = () => false,
): ParameterOptimizer {
  const { inheritedRate } = schedule;
  const parameters = [...detector.parameters]
    .filter(([, variable]) => variable.trainable)
    .map(([name, variable]) => ({ name, variable }));
  if (inheritedRate === 0 || inheritedRate === 1) return createOptimizer(parameters, schedule);
  const [inherited, fresh] = [true, false].map((wanted) =>
    parameters.filter(({ name }) => isInherited(name) === wanted),
  );
  return joinOptimizers([
    { name: 'inherited', rate: inheritedRate, parameters: inherited ?? [], schedule },
    { name: 'fresh', rate: 1, parameters: fresh ?? [], schedule },
  ]);
}

function createOptimizer(parameters: readonly NamedVariable[], schedule: Schedule): ParameterOptimizer {
  const weightDecay = (name: string): number => weightDecayFor(name, schedule.weightDecay);
  return schedule.optimizer === Optimizer.OPTIMIZER_SGD
    ? createSgd({ parameters, momentum: 0.9, weightDecay })
    : createAdamW({ parameters, weightDecay });
}

interface OptimizerGroup {
  /** In front of its names in the saved state. */
  readonly name: string;
  readonly rate: number;
  readonly parameters: readonly NamedVariable[];
  readonly schedule: Schedule;
}

function joinOptimizers(groups: readonly OptimizerGroup[]): ParameterOptimizer {
  const members = groups
    .filter(({ parameters }) => parameters.length > 0)
    .map(({ name, rate, parameters, schedule }) => ({
      prefix: `${name}/`,
      rate,
      names: new Set(parameters.map((parameter) => parameter.name)),
      optimizer: createOptimizer(parameters, schedule),
    }));
  return {
    step(gradients, learningRate) {
      for (const { names, rate, optimizer } of members) {
        const own = Object.entries(gradients).filter(([name]) => names.has(name));
        optimizer.step(Object.fromEntries(own), learningRate * rate);
      }
    },
    stateDict: () =>
      Object.fromEntries(
        members.flatMap(({ prefix, optimizer }) =>
          Object.entries(optimizer.stateDict()).map(([name, tensor]) => [prefix + name, tensor]),
        ),
      ),
    loadStateDict(state) {
      for (const { prefix, optimizer } of members) {
        const own = Object.entries(state).filter(([name]) => name.startsWith(prefix));
        optimizer.loadStateDict(
          Object.fromEntries(own.map(([name, tensor]) => [name.slice(prefix.length), tensor])),
        );
      }
    },
    dispose() {
      for (const { optimizer } of members) optimizer.dispose();
    },
  };
}

/** The optimiser's state in host memory, in its own layout: only `loadOptimizer` reads it. */
export async function optimizerState(optimizer: ParameterOptimizer): Promise<StateDict> {
  const state = optimizer.stateDict();
  const entries = Object.entries(state).map(async ([name, tensor]): Promise<[string, HostTensor]> => {
    const values = Float32Array.from(await tensor.data());
    tensor.dispose();
    return [name, float32Tensor(tensor.shape, values)];
  });
  return new Map(await Promise.all(entries));
}

export function loadOptimizer(optimizer: ParameterOptimizer, state: StateDict): void {
  tf.tidy(() => {
    const tensors = [...state].map(
      ([name, tensor]) => [name, tf.tensor(toFloat32(tensor), [...tensor.shape])] as const,
    );
    optimizer.loadStateDict(Object.fromEntries(tensors));
  });
}
