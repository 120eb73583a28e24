export type {
  RgbImage,
  BinaryMask,
  Rle,
  Xyxy,
  Xywh,
  Instance,
  Detection,
  TrainingSample,
  TrainingInstance,
} from './types.ts';
export { encodeMask } from './encode-mask.ts';
export { decodeMask, assertCoversImage } from './decode-mask.ts';
export {
  rleToString,
  rleFromString,
  readRleString,
  rleStringArea,
  isEmptyRleString,
  readCounts,
} from './rle-string.ts';
export { rleArea, rleBox, writeRunsBox } from './rle-area.ts';
export { rleMerge, rleSubtract } from './rle-merge.ts';
export { rleIou, intersectionOfRuns } from './rle-iou.ts';
export { decodeLabelStudioRle, encodeLabelStudioRle, labelStudioRle } from './label-studio-rle.ts';
export { traceOutlines, type Outline } from './trace-outlines.ts';
export { rleFromPolygons } from './rle-polygon.ts';
export { parseSegmentation } from './parse-segmentation.ts';
export { boxIou, pairIou, toXyxy, toXywh } from './box-iou.ts';
export { nonMaximumSuppression, type SuppressionOptions } from './non-maximum-suppression.ts';
export { resolveOverlaps, type ResolveOverlapsOptions } from './resolve-overlaps.ts';
export { decodeImage, readImageHeader, type DecodeImageOptions, type ImageHeader } from './decode-image.ts';
export { decodeToFit, readImageSize, uprightSize, type FittedImage } from './decode-to-fit.ts';
export { encodePng, encodeJpeg, type EncodeJpegOptions } from './encode-image.ts';
export { resizeImage, fitShortSide, type ImageSize } from './resize-image.ts';
export { readPngIds, encodePngIds, type IdMap } from './png-ids.ts';
export { drawDetections, type DrawnInstance, type DrawDetectionsOptions } from './draw-detections.ts';
export { instanceColour, inkOn, toHex, type Colour } from './palette.ts';
export { rowMajorRuns } from './row-major-runs.ts';
