// Without tf.js: for processes that place images but do not compute.
export { fitImage, type FittedSize } from './inference/fit-image.ts';
export { parseDetectorConfig, type DetectorConfig } from './config.ts';
export { createMaskPaster, type MaskPaste } from './inference/paste-mask.ts';
