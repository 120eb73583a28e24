export {
  generateScenes,
  type GenerateScenesOptions,
  type GeneratedScenes,
} from './scenes/generate-scenes.ts';
export {
  labelKinds,
  openCocoDataset,
  type OpenCocoDatasetOptions,
  type LabelKind,
} from './coco/open-coco-dataset.ts';
export { readDetections, type FoundImages } from './coco/read-detections.ts';
export { labelSets, type LabelSet } from './coco/map-categories.ts';
export { type ImageCheck } from './coco/check-images.ts';
export {
  isLabelSetDataset,
  type Dataset,
  type DatasetCategory,
  type ImageLocation,
  type LabeledImage,
  type LabelSetDataset,
  type TrainingSet,
} from './dataset.ts';
export { labelStatistics, type LabelStatistics } from './label-statistics.ts';
export { formatDropReport, type DropReason, type DropReport } from './drop-report.ts';
export { loadImage, readImageBytes } from './read-image.ts';
export { createRandom, permutation, type Random, type SeedPart } from './random.ts';
export { createAugmentation, augmentPolicies, type AugmentPolicy } from './augment/create-augmentation.ts';
export type { Augmentation, AugmentContext } from './augment/augmentation.ts';
export {
  createBatches,
  type Batches,
  type BatchShare,
  type CreateBatchesOptions,
} from './batches/create-batches.ts';
export {
  createPictureBatches,
  type CreatePictureBatchesOptions,
  type Picture,
  type PictureBatches,
} from './batches/create-picture-batches.ts';
export { unreadableReport, type UnreadableImage } from './batches/unreadable-images.ts';
export { createSample } from './batches/training-sample.ts';
export {
  startBatchWorker,
  type PreparedBatch,
  type PrepareStep,
  type StartBatchWorkerOptions,
} from './batches/start-batch-worker.ts';
export { openImagePool, type OpenImagePoolOptions } from './pool/open-image-pool.ts';
export { describePool, type PoolReport, type PoolUnread } from './pool/pool-report.ts';
export {
  shardRange,
  type ManifestEntry,
  type PoolManifest,
  type ShardRange,
} from './pool/manifest-format.ts';
export { writeManifest, type WriteManifestOptions, type WrittenManifest } from './pool/write-manifest.ts';
export { readShardEntries } from './pool/read-manifest.ts';
export { openPoolIndex, type OpenPoolIndexOptions, type PoolIndex } from './pool/open-pool-index.ts';
export { readShard, type ReadShardOptions } from './pool/read-shard.ts';
export type { ImagePool, PoolEntry, PoolImage, PoolShard } from './pool/image-pool.ts';
export {
  openPseudoLabels,
  pseudoLabelDataset,
  type OpenPseudoLabelsOptions,
} from './pseudo-labels/open-pseudo-labels.ts';
export { openLabelSetDataset, type OpenLabelSetDatasetOptions } from './pseudo-labels/label-set-dataset.ts';
export { checkLayout, checkPool, isUsable, type CheckedPart } from './check-layout.ts';
export { drawAugmentationSheet, type DrawSheetOptions } from './sheet/draw-sheet.ts';
export { sceneSamples } from './scenes/scene-samples.ts';
export { importLabels, type ImportedTeacher, type ImportLabelsOptions } from './import/import-labels.ts';
export { writtenIds } from './written-ids.ts';
