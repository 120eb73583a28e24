import { float32Tensor, type StateDict, toFloat32 } from '@cassl/checkpoints';
import { createDetector, type Detector, type DetectorConfigInput } from '@cassl/detector';

export interface RandomDetector {
  readonly detector: Detector;
  readonly state: StateDict;
}

/** A detector whose weights all differ from what a fresh one has, so that a wrong or a missing one shows in the results. */
export async function randomDetector(config: DetectorConfigInput, seed = 1): Promise<RandomDetector> {
  const detector = createDetector(config, { seed });
  const random = uniform(seed);
  const state = await detector.stateDict();
  for (const [name, tensor] of state) {
    const stir = stirring(name);
    const values = toFloat32(tensor, name).map((value) => stir(value, random()));
    state.set(name, float32Tensor(tensor.shape, values));
  }
  detector.loadStateDict(state, { strict: true });
  return { detector, state };
}

/** How the values of a tensor change: predictors get weights that make scores and boxes differ from cell to cell. */
function stirring(name: string): (value: number, random: number) => number {
  if (/running_var|scale$/.test(name)) return (value, random) => value * (0.8 + 0.4 * random);
  if (/(cls_logits|bbox_pred|ctrness|controller.*)\.weight/.test(name)) return (value) => 4 * value;
  if (name.endsWith('cls_logits.bias')) return (value) => value + 2;
  if (/conv\d\.weight|\.\d+\.weight/.test(name)) return (value) => value;
  return (value, random) => value + 0.05 * (random - 0.5);
}

/** A small linear congruential generator: numbers in [0, 1). */
export function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
