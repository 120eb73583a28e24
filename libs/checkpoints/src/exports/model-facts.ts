import { IMAGENET_RGB, MSRA_BGR, type InputConvention } from '../names/input-convention.ts';

/** What weights do not tell and a checkpoint's detector config does; absent: the usual. */
export interface ModelFacts {
  /** Where a bottleneck strides. */
  readonly resnetStride: 'torchvision' | 'msra';
  readonly input: InputConvention;
}

export const USUAL_MODEL: ModelFacts = { resnetStride: 'torchvision', input: IMAGENET_RGB };

type Triple = readonly [number, number, number];

/** Reads the facts off a detector's configuration, as a registry's manifest keeps it. */
export function modelFacts(config: Readonly<Record<string, unknown>> | undefined): ModelFacts {
  const { resnetStride, channelOrder, pixelMean, pixelStd } = config ?? {};
  return {
    resnetStride: resnetStride === 'msra' ? 'msra' : 'torchvision',
    input: {
      order: channelOrder === 'bgr' ? 'bgr' : 'rgb',
      mean: triple(pixelMean) ?? IMAGENET_RGB.mean,
      std: triple(pixelStd) ?? IMAGENET_RGB.std,
    },
  };
}

function triple(value: unknown): Triple | undefined {
  const isTriple = Array.isArray(value) && value.length === 3 && value.every((x) => typeof x === 'number');
  return isTriple ? (value as unknown as Triple) : undefined;
}

/** What the written network reads, with the first convolution converted where `pixels` asks for it. */
export function inputAs(pixels: 'rgb' | 'bgr', { input }: ModelFacts): InputConvention {
  return pixels === 'bgr' ? MSRA_BGR : input;
}
