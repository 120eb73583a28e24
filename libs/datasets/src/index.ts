export {
  generateScenes,
  type GenerateScenesOptions,
  type GeneratedScenes,
} from './scenes/generate-scenes.ts';
export { openCocoDataset, type OpenCocoDatasetOptions, type LabelKind } from './coco/open-coco-dataset.ts';
export { labelSets, type LabelSet } from './coco/map-categories.ts';
export { type ImageCheck } from './coco/check-images.ts';
export type { Dataset, DatasetCategory, ImageLocation, LabeledImage } from './dataset.ts';
export { formatDropReport, type DropReason, type DropReport } from './drop-report.ts';
export { loadImage, readImageBytes } from './read-image.ts';
export { createRandom, permutation, type Random, type SeedPart } from './random.ts';
