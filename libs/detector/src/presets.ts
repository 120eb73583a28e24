import { invalidArgument } from '@cassl/errors';
import { type DetectorConfig, type DetectorConfigInput, parseDetectorConfig } from './config.ts';

const CONDINST: DetectorConfigInput = {};

/** Entity yaml of the authors' code: every extra on (method 2.4, 2.6), inputs C2–C5, one class. */
const ENTITY: DetectorConfigInput = {
  pyramidInputs: [2, 3, 4, 5],
  predictorBias: false,
  kernelHead: 'coordinates',
  kernelBank: true,
  overlapWeight: 0.5,
  maxMaskInstancesPerImage: 120,
};

/** As detectron2 has it (method 2.10), but with P6 of P5. */
const RETINANET: DetectorConfigInput = {
  head: 'retinanet',
  masks: false,
  normaliser: 'moving-average',
  nmsThreshold: 0.5,
};

/** ResNet-18 for a few hundred pixels on two cores: small heads, group norm where there are no weights to start from. */
const LIGHT_HEADS: DetectorConfigInput = {
  pyramidChannels: 96,
  towerConvolutions: 2,
  towerGroups: 8,
  maskChannels: 48,
  maskConvolutions: 2,
  maskNorm: 'group',
  maskGroups: 8,
  maxMaskInstances: 128,
  boxBias: 1,
};

const PRESETS = {
  /** Two cores, 128 px, from nothing: about 0.9 M parameters, strides 8/16/32 (method 6.3, first column shrunk together). */
  tiny: {
    backbone: 'resnet-small',
    backboneWidths: [32, 48, 96, 128],
    backboneBlocks: [1, 1, 1, 1],
    backboneNorm: 'group',
    backboneGroups: 8,
    resizeShortSide: 128,
    resizeLongSide: 256,
    levels: [3, 4, 5],
    rangeLimits: [32, 64],
    pyramidChannels: 64,
    towerConvolutions: 2,
    towerGroups: 8,
    maskChannels: 32,
    maskConvolutions: 1,
    maskNorm: 'group',
    maskGroups: 8,
    maxMaskInstances: 192,
    boxBias: 1,
  },
  /** ResNet-18 up to C4 (`resnet18-c4.safetensors`, frozen batch norms), P3–P5: real photos at 256 px on two cores. */
  'resnet18-c4': {
    ...LIGHT_HEADS,
    backbone: 'resnet18',
    backboneStages: 3,
    pyramidInputs: [3, 4],
    levels: [3, 4, 5],
    rangeLimits: [64, 128],
    maskLevels: 2,
    resizeShortSide: 192,
    resizeLongSide: 256,
  },
  /** Whole ResNet-18, P3–P6. */
  resnet18: {
    ...LIGHT_HEADS,
    backbone: 'resnet18',
    levels: [3, 4, 5, 6],
    rangeLimits: [64, 128, 256],
    resizeShortSide: 320,
    resizeLongSide: 512,
  },
  'condinst-r50': { ...CONDINST, backbone: 'resnet50' },
  'condinst-r101': { ...CONDINST, backbone: 'resnet101' },
  'condinst-swin-t': { ...CONDINST, backbone: 'swin-t' },
  'condinst-swin-s': { ...CONDINST, backbone: 'swin-s' },
  'condinst-swin-b': { ...CONDINST, backbone: 'swin-b', dropPath: 0.3 },
  'condinst-swin-l': { ...CONDINST, backbone: 'swin-l' },
  'fcos-r50': { masks: false, backbone: 'resnet50' },
  'fcos-swin-t': { masks: false, backbone: 'swin-t' },
  'retinanet-r50': { ...RETINANET, backbone: 'resnet50' },
  'retinanet-swin-t': { ...RETINANET, backbone: 'swin-t' },
  'entity-swin-t': { ...ENTITY, backbone: 'swin-t' },
  'entity-swin-l': { ...ENTITY, backbone: 'swin-l' },
} satisfies Readonly<Record<string, DetectorConfigInput>>;

export type DetectorPreset = keyof typeof PRESETS;

export const DETECTOR_PRESETS = Object.keys(PRESETS) as readonly DetectorPreset[];

/**
 * A named starting point with some fields changed.
 * @throws INVALID_ARGUMENT for an unknown name, or where the changes do not fit.
 */
export function detectorPreset(name: string, changes: DetectorConfigInput = {}): DetectorConfig {
  if (!Object.hasOwn(PRESETS, name)) {
    throw invalidArgument(
      `detector preset '${name}' does not exist: choose one of ${DETECTOR_PRESETS.join(', ')}`,
    );
  }
  return parseDetectorConfig({ ...PRESETS[name as DetectorPreset], ...changes });
}
