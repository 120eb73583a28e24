import { invalidArgument } from '@cassl/errors';
import type { DetectorConfig } from './config-schema.ts';

/** @throws INVALID_ARGUMENT where two fields exclude each other; the message says which one to change. */
export function checkCombination(config: DetectorConfig): void {
  checkBackbone(config);
  checkPyramid(config);
  checkHeads(config);
}

function require(condition: boolean, message: string): void {
  if (!condition) throw invalidArgument(`DetectorConfig.${message}`);
}

function checkBackbone(config: DetectorConfig): void {
  const small = config.backbone === 'resnet-small' || config.backbone === 'swin-small';
  for (const field of ['backboneWidths', 'backboneBlocks'] as const) {
    const given = config[field];
    require(small === (given !== undefined), small
      ? `${field} is missing: ${config.backbone} has no fixed size`
      : `${field} is for resnet-small and swin-small, got backbone ${config.backbone}`);
    require(given === undefined ||
      given.length ===
        config.backboneStages, `${field} has ${String(given?.length)} entries for backboneStages ${config.backboneStages}`);
  }
  const swin = config.backbone.startsWith('swin');
  const widths = config.backbone === 'swin-small' ? config.backboneWidths! : [];
  require(widths.every(
    (width, stage) => width === widths[0]! * 2 ** stage,
  ), `backboneWidths of swin-small must double from stage to stage, got [${widths.join(', ')}]`);
  require(!swin ||
    config.backboneStages ===
      4, `backboneStages must be 4 for ${config.backbone}, got ${config.backboneStages}`);
  // Coarser maps may be smaller than a window, which is padded then; the finest one must hold at least one.
  const finestSide = Math.ceil(config.resizeShortSide / 4);
  require(!swin ||
    config.window <=
      finestSide, `window ${config.window} is larger than the first stage's map of ${finestSide} cells (resizeShortSide ${config.resizeShortSide} / 4)`);
  if (!swin && config.backboneNorm === 'group') {
    const widths = config.backboneWidths;
    // A small ResNet's stem has half of its first stage.
    for (const width of widths === undefined ? [64] : [widths[0]! / 2, ...widths]) {
      require(width % config.backboneGroups ===
        0, `backboneGroups ${config.backboneGroups} does not divide ${width} channels`);
    }
  }
  require(!config.recompute ||
    swin ||
    config.backboneNorm !==
      'batch', `recompute would update live batch norms twice: use backboneNorm 'frozen-batch' or 'group'`);
  require(config.frozenStages <=
    config.backboneStages +
      1, `frozenStages ${config.frozenStages} is more than the stem and ${config.backboneStages} stages`);
}

function checkPyramid(config: DetectorConfig): void {
  const { pyramidInputs, levels, rangeLimits } = config;
  require(isConsecutive(
    pyramidInputs,
  ), `pyramidInputs must be consecutive, got [${pyramidInputs.join(', ')}]`);
  require(isConsecutive(levels), `levels must be consecutive, got [${levels.join(', ')}]`);
  const coarsestInput = pyramidInputs.at(-1)!;
  const finest = levels[0]!;
  require(coarsestInput <=
    config.backboneStages +
      1, `pyramidInputs reaches C${coarsestInput}, but backboneStages ${config.backboneStages} ends in C${config.backboneStages + 1}`);
  require(finest >= pyramidInputs[0]! &&
    finest <=
      coarsestInput, `levels starts at P${finest}, which pyramidInputs [${pyramidInputs.join(', ')}] does not make`);
  require(levels.at(-1)! >=
    coarsestInput, `levels ends at P${levels.at(-1)!}, below the coarsest of pyramidInputs [${pyramidInputs.join(', ')}]`);
  require(rangeLimits.length ===
    levels.length -
      1, `rangeLimits has ${rangeLimits.length} limits for ${levels.length} levels: give one fewer than levels`);
  require(rangeLimits.every(
    (limit, index) => index === 0 || limit > rangeLimits[index - 1]!,
  ), `rangeLimits must rise, got [${rangeLimits.join(', ')}]`);
  require(config.sizeDivisor % 2 ** coarsestInput ===
    0, `sizeDivisor ${config.sizeDivisor} must be a multiple of C${coarsestInput}'s stride ${2 ** coarsestInput}`);
  require(config.resizeLongSide >=
    config.resizeShortSide, `resizeLongSide ${config.resizeLongSide} is less than resizeShortSide ${config.resizeShortSide}`);
}

function checkHeads(config: DetectorConfig): void {
  const { pyramidChannels, towerGroups, maskChannels, maskGroups } = config;
  require(config.head === 'fcos' || !config.masks, `head 'retinanet' needs masks: false`);
  require(config.head === 'retinanet' ||
    config.towerConvolutions === 0 ||
    pyramidChannels % towerGroups ===
      0, `towerGroups ${towerGroups} does not divide pyramidChannels ${pyramidChannels}`);
  require(config.pixelStd.every(
    (deviation) => deviation > 0,
  ), `pixelStd must be positive, got [${config.pixelStd.join(', ')}]`);
  if (!config.masks) {
    require(!config.kernelBank, 'kernelBank needs masks: true');
    require(config.overlapWeight === 0, 'overlapWeight needs masks: true');
    return;
  }
  require(config.maskNorm === 'batch' ||
    maskChannels % maskGroups === 0, `maskGroups ${maskGroups} does not divide maskChannels ${maskChannels}`);
  const fromInputs = config.levels.filter((level) => level <= config.pyramidInputs.at(-1)!).length;
  require(config.maskLevels <=
    fromInputs, `maskLevels ${config.maskLevels} is more than the ${fromInputs} levels that come from pyramidInputs`);
}

function isConsecutive(values: readonly number[]): boolean {
  return values.every((value, index) => value === values[0]! + index);
}
