import type { TrainingSample } from '@cassl/vision';
import { createRandom } from '../random.ts';
import { tightBox } from '../augment/tight-box.ts';
import { composeScene, defaultSceneStyle } from './compose-scene.ts';
import { loadSprites } from './load-sprites.ts';

/** Labeled scenes in memory, for looking at what happens to pictures without having any. */
export async function sceneSamples(count: number, size: number, seed: number): Promise<TrainingSample[]> {
  const sprites = await loadSprites();
  return Array.from({ length: count }, (_, index) => {
    const { image, things, owners } = composeScene(createRandom(seed, 'samples', index), {
      size,
      sprites,
      style: defaultSceneStyle,
    });
    const instances = things.flatMap(({ category }, thing) => {
      const data = owners.map((owner) => (owner === thing + 1 ? 1 : 0));
      const mask = { width: size, height: size, data };
      const box = tightBox(mask);
      return box === undefined ? [] : { box, category, mask };
    });
    return { key: `scene ${index}`, image, instances };
  });
}
