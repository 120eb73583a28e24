import * as tf from '@tensorflow/tfjs-core';
import type { CasslSgdStepAttrs } from '@cassl/engine-torch';
import { hasFusedKernel } from '../ops/fused-kernel.ts';
import { withGradients, type NamedVariable, type ParameterOptimizer } from './parameter-optimizer.ts';
import { Slots } from './slots.ts';

export interface SgdOptions {
  readonly parameters: readonly NamedVariable[];
  /** 0 to below 1; the usual 0.9 for ResNets. */
  readonly momentum: number;
  /** By parameter name: usually 0 for norm layers. */
  readonly weightDecay: (name: string) => number;
}

/** PyTorch's SGD with momentum: g += decay·p; v = momentum·v + g; p -= lr·v. */
export function createSgd({ parameters, momentum, weightDecay }: SgdOptions): ParameterOptimizer {
  const velocities = new Slots('momentum', parameters);
  const decayed = parameters.map((parameter) => ({ ...parameter, weightDecay: weightDecay(parameter.name) }));
  return {
    step(gradients, learningRate) {
      const found = withGradients(decayed, gradients);
      const variables = found.map(({ parameter }) => parameter.variable);
      const slots = found.map(({ parameter }) => velocities.of(parameter.name));
      const decays = found.map(({ parameter }) => parameter.weightDecay);
      const values = found.map(({ gradient }) => gradient);
      if (hasFusedKernel('CasslSgdStep')) {
        const attrs: CasslSgdStepAttrs = { learningRate, momentum, weightDecay: decays };
        tf.tidy(
          () =>
            void tf
              .engine()
              .runKernel('CasslSgdStep', [...variables, ...values, ...slots] as never, attrs as never),
        );
        return;
      }
      variables.forEach((variable, index) => {
        plainSgdStep(variable, values[index]!, slots[index]!, {
          learningRate,
          momentum,
          weightDecay: decays[index]!,
        });
      });
    },
    stateDict: () => velocities.stateDict(),
    loadStateDict: (state) => velocities.loadStateDict(state),
    dispose: () => velocities.dispose(),
  };
}

function plainSgdStep(
  variable: tf.Variable,
  gradient: tf.Tensor,
  velocity: tf.Variable,
  {
    learningRate,
    momentum,
    weightDecay,
  }: Omit<CasslSgdStepAttrs, 'weightDecay'> & { readonly weightDecay: number },
): void {
  tf.tidy(() => {
    const decayed = weightDecay === 0 ? gradient : tf.add(gradient, tf.mul(variable, weightDecay));
    velocity.assign(tf.add(tf.mul(velocity, momentum), decayed));
    variable.assign(tf.sub(variable, tf.mul(velocity, learningRate)));
  });
}
