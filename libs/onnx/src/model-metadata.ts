import type { DetectorConfig } from '@cassl/detector/fit-image';

/** What a caller must know to place pictures and read results; texts, as the format has them. */
export function modelMetadata(config: DetectorConfig, categories: readonly string[]): Record<string, string> {
  const mean = config.channelOrder === 'rgb' ? config.pixelMean : [...config.pixelMean].reverse();
  return {
    'cassl.config': JSON.stringify(config),
    'cassl.categories': JSON.stringify(categories),
    'cassl.resize_short_side': String(config.resizeShortSide),
    'cassl.resize_long_side': String(config.resizeLongSide),
    'cassl.padding_rgb': JSON.stringify(mean),
  };
}
