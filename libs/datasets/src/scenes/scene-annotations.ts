import { encodeMask, rleArea, rleBox, rleToString, type BinaryMask } from '@cassl/vision';
import type { Scene } from './compose-scene.ts';
import { stuffCategories, thingCategories } from './scene-categories.ts';

/** COCO's own field names: https://cocodataset.org/#format-data. */
export interface CocoInstance {
  readonly id: number;
  readonly image_id: number;
  readonly category_id: number;
  readonly iscrowd: 0;
  readonly bbox: readonly number[];
  readonly area: number;
  readonly segmentation: { readonly size: readonly [number, number]; readonly counts: string };
}

export interface CocoSegment {
  readonly id: number;
  readonly category_id: number;
  readonly iscrowd: 0;
  readonly bbox: readonly number[];
  readonly area: number;
}

export interface CocoPanoptic {
  readonly image_id: number;
  readonly file_name: string;
  readonly segments_info: readonly CocoSegment[];
}

export interface SceneAnnotations {
  readonly instances: readonly CocoInstance[];
  readonly panoptic: CocoPanoptic;
  /** The panoptic PNG's pixels: segment id = R + 256 G + 65536 B. */
  readonly segmentColors: Uint8Array;
}

/** Most annotations that one image can have; annotation id = image id * this + index. */
const idsPerImage = 100;

export function annotateScene(scene: Scene, imageId: number, fileStem: string): SceneAnnotations {
  const size = scene.image.width;
  const segments: CocoSegment[] = [];
  const instances: CocoInstance[] = [];
  const colors = new Uint8Array(size * size * 3);
  const addSegment = (categoryId: number, mask: BinaryMask): void => {
    const rle = encodeMask(mask);
    const area = rleArea(rle);
    if (area === 0) return;
    const id = segmentId(segments.length);
    segments.push({ id, category_id: categoryId, iscrowd: 0, bbox: [...rleBox(rle)], area });
    paintSegment(colors, mask, id);
    if (categoryId > thingCategories.length) return;
    instances.push({
      id: imageId * idsPerImage + instances.length,
      image_id: imageId,
      category_id: categoryId,
      iscrowd: 0,
      bbox: [...rleBox(rle)],
      area,
      segmentation: { size: [size, size], counts: rleToString(rle) },
    });
  };
  for (const [index, { category }] of scene.things.entries()) {
    addSegment(
      thingCategories[category]!.id,
      maskWhere(size, (pixel) => scene.owners[pixel] === index + 1),
    );
  }
  for (const [index, { id }] of stuffCategories.entries()) {
    addSegment(
      id,
      maskWhere(size, (at) => scene.owners[at] === 0 && scene.stuff[at] === index),
    );
  }
  return {
    instances,
    panoptic: { image_id: imageId, file_name: `${fileStem}.png`, segments_info: segments },
    segmentColors: colors,
  };
}

/** Different for every index below 2^24 (an odd factor permutes the residues) and well apart in colour; never 0. */
function segmentId(index: number): number {
  return ((index + 1) * 0x9e3779b1) & 0xffffff;
}

function maskWhere(size: number, isInside: (pixel: number) => boolean): BinaryMask {
  const data = new Uint8Array(size * size);
  for (let pixel = 0; pixel < data.length; pixel++) data[pixel] = isInside(pixel) ? 1 : 0;
  return { width: size, height: size, data };
}

function paintSegment(colors: Uint8Array, mask: BinaryMask, id: number): void {
  for (let pixel = 0; pixel < mask.data.length; pixel++) {
    if (mask.data[pixel] === 0) continue;
    colors[pixel * 3] = id & 255;
    colors[pixel * 3 + 1] = (id >> 8) & 255;
    colors[pixel * 3 + 2] = id >> 16;
  }
}
