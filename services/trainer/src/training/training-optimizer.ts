import * as tf from '@tensorflow/tfjs-core';
import { float32Tensor, toFloat32, type HostTensor, type StateDict } from '@cassl/checkpoints';
import { weightDecayFor, type Detector } from '@cassl/detector';
import { createAdamW, createSgd, type ParameterOptimizer } from '@cassl/engine';
import { Optimizer, type Schedule } from '@cassl/proto';

/** The optimiser that a schedule names; norms are never decayed (method of the paper's code, weight decay table). */
export function createTrainingOptimizer(detector: Detector, schedule: Schedule): ParameterOptimizer {
  const parameters = [...detector.parameters]
    .filter(([, variable]) => variable.trainable)
    .map(([name, variable]) => ({ name, variable }));
  const weightDecay = (name: string): number => weightDecayFor(name, schedule.weightDecay);
  return schedule.optimizer === Optimizer.OPTIMIZER_SGD
    ? createSgd({ parameters, momentum: 0.9, weightDecay })
    : createAdamW({ parameters, weightDecay });
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
