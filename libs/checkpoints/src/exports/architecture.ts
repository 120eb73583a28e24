import type { BackboneFacts, ResNetFacts, SwinFacts } from '../names/describe-backbone.ts';

/** A published architecture. */
export type Architecture =
  | { readonly kind: 'resnet'; readonly depth: 18 | 34 | 50 | 101 | 152 }
  | { readonly kind: 'swin'; readonly size: 'tiny' | 'small' | 'base' | 'large' };

const RESNETS = [
  [18, '2,2,2,2', false],
  [34, '3,4,6,3', false],
  [50, '3,4,6,3', true],
  [101, '3,4,23,3', true],
  [152, '3,8,36,3', true],
] as const;

const SWINS = [
  ['tiny', 96, '2,2,6,2', '3,6,12,24'],
  ['small', 96, '2,2,18,2', '3,6,12,24'],
  ['base', 128, '2,2,18,2', '4,8,16,32'],
  ['large', 192, '2,2,18,2', '6,12,24,48'],
] as const;

/** `undefined` for one of our own making. */
export function architectureOf(backbone: BackboneFacts): Architecture | undefined {
  return backbone.kind === 'resnet' ? publishedResNet(backbone) : publishedSwin(backbone);
}

function publishedResNet({ blocks, isBottleneck, widths, norm }: ResNetFacts): Architecture | undefined {
  const usual = isBottleneck ? '64,256,512,1024,2048' : '64,64,128,256,512';
  const found = RESNETS.find(([, of, bottleneck]) => of === blocks.join() && bottleneck === isBottleneck);
  if (found === undefined || widths.join() !== usual || norm !== 'batch') return undefined;
  return { kind: 'resnet', depth: found[0] };
}

function publishedSwin({ blocks, embedding, heads }: SwinFacts): Architecture | undefined {
  const found = SWINS.find(([, e, of, h]) => e === embedding && of === blocks.join() && h === heads.join());
  return found === undefined ? undefined : { kind: 'swin', size: found[0] };
}
