import * as tf from '@tensorflow/tfjs-core';

type Engine = Pick<ReturnType<typeof tf.engine>, 'runKernel'>;

/**
 * Names of the kernels whose registered gradient a backward pass in `run` took, and of the fused gradient kernels
 * (`Cassl…Grad`) that the ops with gradients of their own called.
 */
export function recordGradients(run: () => void): ReadonlySet<string> {
  const taken = new Set<string>();
  const replaced = new Map<string, tf.GradConfig>();
  const watch = (kernelName: string) => {
    const config = tf.getGradient(kernelName);
    if (config === undefined || replaced.has(kernelName)) return;
    replaced.set(kernelName, config);
    const gradFunc: tf.GradFunc = (dy, saved, attrs) => {
      taken.add(kernelName);
      return config.gradFunc(dy, saved, attrs);
    };
    tf.registerGradient({ ...config, gradFunc });
  };
  const engine: Engine = tf.engine();
  const { runKernel } = engine;
  engine.runKernel = (kernelName, inputs, attrs) => {
    watch(kernelName);
    if (/^Cassl\w+Grad$/.test(kernelName)) taken.add(kernelName);
    return runKernel.call(engine, kernelName, inputs, attrs) as never;
  };
  try {
    run();
  } finally {
    engine.runKernel = runKernel;
    for (const config of replaced.values()) tf.registerGradient(config);
  }
  return taken;
}
