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
