import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { registerTorchBackend } from './register-torch-backend.ts';
import { torchIsBuilt } from './testing.ts';

type Inputs = Readonly<Record<string, tf.Tensor | undefined>>;

function run(name: string, inputs: Inputs | tf.Tensor[], attrs: object = {}): tf.Tensor[] {
  const given = Array.isArray(inputs)
    ? inputs
    : Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined));
  const result: tf.Tensor | tf.Tensor[] = tf.engine().runKernel(name, given as never, attrs as never);
  return Array.isArray(result) ? result : [result];
}

const values = (x: tf.Tensor): number[] => [...x.dataSync()];

function expectClose(actual: tf.Tensor | undefined, expected: tf.Tensor | number[], tolerance = 1e-4): void {
  const wanted = Array.isArray(expected) ? expected : values(expected);
  const got = values(actual!);
  expect(got.length).toBe(wanted.length);
  const worst = Math.max(...got.map((value, i) => Math.abs(value - wanted[i]!) / (1 + Math.abs(wanted[i]!))));
  expect(worst).toBeLessThan(tolerance);
}

/** d Σ dy·f(x) / dx by central differences. */
function numericGradient(f: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor, dy: tf.Tensor): number[] {
  const at = values(x);
  const step = 1e-2;
  const loss = (list: number[]) =>
    tf.tidy(() => tf.sum(tf.mul(f(tf.tensor(list, x.shape)), dy)).dataSync()[0]!);
  return at.map((value, i) => {
    const up = loss(at.with(i, value + step));
    return (up - loss(at.with(i, value - step))) / (2 * step);
  });
}

describe.skipIf(!torchIsBuilt)('the fused kernels (need the built addon)', () => {
  beforeAll(async () => {
    registerTorchBackend({ threads: 1 });
    await tf.setBackend('torch');
  });
  afterEach(() => registerTorchBackend().setAutocast('fp32'));

  const normal = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
  const geometry = { stride: [2, 1], padding: [1, 0], dilation: [1, 2], groups: 2 };

  it('convolve with bias, relu and groups, and give all three gradients', () => {
    const x = normal([2, 5, 6, 4], 1);
    const filter = normal([3, 2, 2, 6], 2);
    const bias = normal([6], 3);
    const forward = (part: Inputs, activation = 'linear') =>
      run('CasslConv2d', { x, filter, bias, ...part }, { ...geometry, activation })[0]!;
    const y = forward({});
    expectClose(forward({}, 'relu'), tf.relu(y));
    const dy = normal(y.shape, 4);
    const [dx] = run('CasslConv2dBackpropInput', { dy, filter }, { ...geometry, inputShape: x.shape });
    const [dFilter, dBias] = run(
      'CasslConv2dBackpropFilter',
      { x, dy },
      { ...geometry, filterShape: filter.shape, withBias: true },
    );
    expectClose(
      dx,
      numericGradient((t) => forward({ x: t }), x, dy),
      5e-3,
    );
    expectClose(
      dFilter,
      numericGradient((t) => forward({ filter: t }), filter, dy),
      5e-3,
    );
    expectClose(dBias, tf.sum(dy, [0, 1, 2]));
  });

  it('normalise groups of channels, with gradients', () => {
    const x = normal([2, 3, 2, 4], 5);
    const gamma = normal([4], 6);
    const beta = normal([4], 7);
    const attrs = { groups: 2, epsilon: 1e-5 };
    const forward = (part: Inputs) => run('CasslGroupNorm', { x, gamma, beta, ...part }, attrs);
    const [y, mean, rstd] = forward({});
    const grouped = tf.reshape(x, [2, 6, 2, 2]);
    const { mean: expectedMean, variance } = tf.moments(grouped, [1, 3], true);
    const normalized = tf.div(tf.sub(grouped, expectedMean), tf.sqrt(tf.add(variance, 1e-5)));
    expectClose(y, tf.add(tf.mul(tf.reshape(normalized, x.shape), gamma), beta));
    const dy = normal(x.shape, 8);
    const [dx, dGamma, dBeta] = run('CasslGroupNormGrad', { dy, x, gamma, mean, rstd }, attrs);
    expectClose(
      dx,
      numericGradient((t) => forward({ x: t })[0]!, x, dy),
      1e-2,
    );
    expectClose(
      dGamma,
      numericGradient((t) => forward({ gamma: t })[0]!, gamma, dy),
      1e-2,
    );
    expectClose(dBeta, tf.sum(dy, [0, 1, 2]));
  });

  it('normalise the last axis, with gradients', () => {
    const x = normal([3, 2, 5], 9);
    const gamma = normal([5], 10);
    const beta = normal([5], 11);
    const forward = (part: Inputs) => run('CasslLayerNorm', { x, gamma, beta, ...part }, { epsilon: 1e-5 });
    const [y, mean, rstd] = forward({});
    const { mean: expectedMean, variance } = tf.moments(x, [2], true);
    const normalized = tf.div(tf.sub(x, expectedMean), tf.sqrt(tf.add(variance, 1e-5)));
    expectClose(y, tf.add(tf.mul(normalized, gamma), beta));
    expect(mean!.shape).toEqual([3, 2, 1]);
    const dy = normal(x.shape, 12);
    const [dx, dGamma, dBeta] = run('CasslLayerNormGrad', { dy, x, gamma, mean, rstd });
    expectClose(
      dx,
      numericGradient((t) => forward({ x: t })[0]!, x, dy),
      1e-2,
    );
    expectClose(
      dGamma,
      numericGradient((t) => forward({ gamma: t })[0]!, gamma, dy),
      1e-2,
    );
    expectClose(dBeta, tf.sum(dy, [0, 1]));
  });

  it('attend with a bias that broadcasts, with gradients', () => {
    const [q, k, v] = [13, 14, 15].map((seed) => normal([2, 2, 3, 4], seed)) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    const bias = normal([1, 2, 3, 3], 16);
    const scale = 0.5;
    const forward = (part: Inputs) => run('CasslAttention', { q, k, v, bias, ...part }, { scale });
    const [y, probabilities] = forward({});
    const scores = tf.add(tf.mul(tf.matMul(q, k, false, true), scale), bias);
    expectClose(y, tf.matMul(tf.softmax(scores), v));
    const dy = normal(y!.shape, 17);
    const attrs = { scale, biasShape: bias.shape };
    const [dq, dk, dv, dBias] = run('CasslAttentionGrad', { dy, q, k, v, probabilities }, attrs);
    expectClose(
      dq,
      numericGradient((t) => forward({ q: t })[0]!, q, dy),
      1e-2,
    );
    expectClose(
      dk,
      numericGradient((t) => forward({ k: t })[0]!, k, dy),
      1e-2,
    );
    expectClose(
      dv,
      numericGradient((t) => forward({ v: t })[0]!, v, dy),
      1e-2,
    );
    expectClose(
      dBias,
      numericGradient((t) => forward({ bias: t })[0]!, bias, dy),
      1e-2,
    );
  });

  it('weigh hard examples as the focal loss does, and stay finite far out', () => {
    const logits = tf.tensor1d([0, 2, -3, 1.5]);
    const targets = tf.tensor1d([1, 1, 0, 0]);
    const attrs = { alpha: 0.25, gamma: 2 };
    const [loss] = run('CasslSigmoidFocalLoss', { logits, targets }, attrs);
    // -alpha_t (1 - p_t)² ln p_t by hand.
    expectClose(loss, [0.0433217, 0.0004509, 0.000082, 0.852955]);
    const dy = tf.onesLike(logits);
    const forward = (t: tf.Tensor) => run('CasslSigmoidFocalLoss', { logits: t, targets }, attrs)[0]!;
    const [gradient] = run('CasslSigmoidFocalLossGrad', { dy, logits, targets }, attrs);
    expectClose(gradient, numericGradient(forward, logits, dy), 1e-3);
    const far = { logits: tf.tensor1d([100, -100, 100, -100]), targets };
    expect(values(run('CasslSigmoidFocalLoss', far, attrs)[0]!).every(Number.isFinite)).toBe(true);
    expect(values(run('CasslSigmoidFocalLossGrad', { dy, ...far }, attrs)[0]!).every(Number.isFinite)).toBe(
      true,
    );
  });

  it('know GELU in its erf form', () => {
    const x = tf.tensor1d([-2, -0.5, 0, 1, 3]);
    expectClose(run('CasslGelu', { x })[0], [-0.04550026, -0.15426877, 0, 0.8413447, 2.9959502], 1e-5);
    const dy = tf.onesLike(x);
    expectClose(
      run('CasslGeluGrad', { dy, x })[0],
      numericGradient((t) => run('CasslGelu', { x: t })[0]!, x, dy),
      1e-3,
    );
  });

  it('step as PyTorch does, in place, and never touch what shares a variable’s data', () => {
    const parameter = tf.variable(tf.tensor1d([1]));
    const [first, second] = [tf.variable(tf.zeros([1])), tf.variable(tf.zeros([1]))];
    const alias = parameter.clone();
    const adamw = { learningRate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: [0.05] };
    run('CasslAdamWStep', [parameter, tf.tensor1d([0.5]), first, second], { ...adamw, step: 1 });
    expect(parameter.dataSync()[0]).toBeCloseTo(0.999895, 6);
    run('CasslAdamWStep', [parameter, tf.tensor1d([-0.25]), first, second], { ...adamw, step: 2 });
    expect(parameter.dataSync()[0]).toBeCloseTo(0.99986333, 6);
    expect(alias.dataSync()[0]).toBe(1);

    const weight = tf.variable(tf.tensor1d([1]));
    const velocity = tf.variable(tf.zeros([1]));
    const sgd = { learningRate: 0.01, momentum: 0.9, weightDecay: [1e-4] };
    run('CasslSgdStep', [weight, tf.tensor1d([0.5]), velocity], sgd);
    expect(weight.dataSync()[0]).toBeCloseTo(0.99499899, 6);
    run('CasslSgdStep', [weight, tf.tensor1d([-0.25]), velocity], sgd);
    expect(weight.dataSync()[0]).toBeCloseTo(0.99299711, 4);
  });

  it('compute in bfloat16 under autocast, leaving float32 gradients for the weights', () => {
    const x = normal([2, 8, 8, 16], 20);
    const filter = normal([3, 3, 16, 16], 21);
    const attrs = { stride: [1, 1], padding: [1, 1], dilation: [1, 1], groups: 1, activation: 'relu' };
    const inFull = run('CasslConv2d', { x, filter }, attrs)[0]!;
    const { setAutocast } = registerTorchBackend();
    expect(setAutocast('bf16')).toBe('fp32');
    const y = run('CasslConv2d', { x, filter }, attrs)[0]!;
    const dy = run('CasslReluGrad', { dy: tf.onesLike(inFull), y })[0]!;
    const pooled = tf.maxPool(y as tf.Tensor4D, 2, 2, 'valid');
    const resized = tf.image.resizeNearestNeighbor(pooled, [8, 8]);
    const mixed = tf.add(tf.concat([resized, y], 3), tf.ones([1]));
    expect(tf.sum(mixed).dataSync()[0]).toBeGreaterThan(0);
    const filterAttrs = { ...attrs, filterShape: filter.shape, withBias: true };
    const [dFilter] = run('CasslConv2dBackpropFilter', { x, dy }, filterAttrs);
    const [dx] = run('CasslConv2dBackpropInput', { dy, filter }, { ...attrs, inputShape: x.shape });
    const product = tf.matMul(tf.ones([4, 8]), tf.ones([8, 4]));
    expectClose(product, tf.fill([4, 4], 8));
    setAutocast('fp32');
    // bfloat16 keeps 8 bits: about 0.4 % of the largest value.
    const scale = tf.max(inFull).dataSync()[0]!;
    expect(tf.max(tf.abs(tf.sub(y, inFull))).dataSync()[0]! / scale).toBeLessThan(0.01);
    expect(tf.max(tf.abs(tf.sub(y, inFull))).dataSync()[0]!).toBeGreaterThan(0);
    expect(y.dtype).toBe('float32');
    expect(dFilter!.dtype).toBe('float32');
    expect(values(dx!).every(Number.isFinite)).toBe(true);
  });
});
