import * as tf from '@tensorflow/tfjs-core';
import { invalidArgument } from '@cassl/errors';
import type { CasslAdamWStepAttrs } from '@cassl/engine-torch';
import { hasFusedKernel } from '../ops/fused-kernel.ts';
import { withGradients, type NamedVariable, type ParameterOptimizer } from './parameter-optimizer.ts';
import { Slots } from './slots.ts';

export interface AdamWOptions {
  readonly parameters: readonly NamedVariable[];
  /** Default [0.9, 0.999]. */
  readonly betas?: readonly [number, number];
  /** Default 1e-8. */
  readonly epsilon?: number;
  /** By parameter name: usually 0 for norm layers and position tables. */
  readonly weightDecay: (name: string) => number;
}

/** Adam with decoupled weight decay (arXiv 1711.05101), as in PyTorch; one step count for all parameters. */
export function createAdamW(options: AdamWOptions): ParameterOptimizer {
  const { parameters, betas = [0.9, 0.999], epsilon = 1e-8, weightDecay } = options;
  const first = new Slots('exp_avg', parameters);
  const second = new Slots('exp_avg_sq', parameters);
  const decayed = parameters.map((parameter) => ({ ...parameter, weightDecay: weightDecay(parameter.name) }));
  let step = 0;
  return {
    step(gradients, learningRate) {
      const found = withGradients(decayed, gradients);
      step += 1;
      const variables = found.map(({ parameter }) => parameter.variable);
      const values = found.map(({ gradient }) => gradient);
      const firsts = found.map(({ parameter }) => first.of(parameter.name));
      const seconds = found.map(({ parameter }) => second.of(parameter.name));
      const decays = found.map(({ parameter }) => parameter.weightDecay);
      const shared = { learningRate, beta1: betas[0], beta2: betas[1], epsilon, step };
      if (hasFusedKernel('CasslAdamWStep')) {
        const inputs = [...variables, ...values, ...firsts, ...seconds];
        const attrs: CasslAdamWStepAttrs = { ...shared, weightDecay: decays };
        tf.tidy(() => void tf.engine().runKernel('CasslAdamWStep', inputs as never, attrs as never));
        return;
      }
      variables.forEach((variable, index) => {
        const moments = { first: firsts[index]!, second: seconds[index]! };
        plainAdamWStep(variable, values[index]!, moments, { ...shared, weightDecay: decays[index]! });
      });
    },
    stateDict: () => ({ ...first.stateDict(), ...second.stateDict(), step: tf.scalar(step, 'int32') }),
    loadStateDict(state) {
      const saved = state['step'];
      if (saved === undefined) throw invalidArgument('optimizer: the state lacks step');
      first.loadStateDict(state);
      second.loadStateDict(state);
      step = saved.dataSync()[0]!;
    },
    dispose() {
      first.dispose();
      second.dispose();
    },
  };
}

function plainAdamWStep(
  variable: tf.Variable,
  gradient: tf.Tensor,
  moments: { readonly first: tf.Variable; readonly second: tf.Variable },
  attrs: Omit<CasslAdamWStepAttrs, 'weightDecay'> & { readonly weightDecay: number },
): void {
  const { learningRate, beta1, beta2, epsilon, step, weightDecay } = attrs;
  tf.tidy(() => {
    moments.first.assign(tf.add(tf.mul(moments.first, beta1), tf.mul(gradient, 1 - beta1)));
    moments.second.assign(tf.add(tf.mul(moments.second, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
    const scale = tf.add(tf.sqrt(tf.div(moments.second, 1 - beta2 ** step)), epsilon);
    const update = tf.div(tf.mul(moments.first, learningRate / (1 - beta1 ** step)), scale);
    variable.assign(tf.sub(tf.mul(variable, 1 - learningRate * weightDecay), update));
  });
}
