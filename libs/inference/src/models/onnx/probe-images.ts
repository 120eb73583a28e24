import type { PreparedImage } from '@cassl/detector';
import type { BatchModel } from '../batch-model.ts';

/** Pictures of the usual size with edges, textures and blobs, always the same ones. */
export function probeImages({ config }: Pick<BatchModel, 'config'>): PreparedImage[] {
  const height = config?.resizeShortSide ?? 1;
  const width = Math.min(config?.resizeLongSide ?? 1, Math.round((height * 4) / 3));
  return [1, 2].map((kind) => {
    const data = new Uint8Array(width * height * 3);
    for (let y = 0, at = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [u, v] = [x / width, y / height];
        const disc = Math.hypot(u - 0.3 * kind, v - 0.5) < 0.2 ? 90 : 0;
        const bars = Math.floor(u * 6 * kind) % 2 === 0 && v > 0.6 ? 60 : 0;
        const texture = 30 * Math.sin(x / (3 + kind)) * Math.cos(y / 5);
        for (let channel = 0; channel < 3; channel++) data[at++] = 70 + disc + bars + texture + 20 * channel;
      }
    }
    return { pixels: { width, height, data }, original: { width, height } };
  });
}
