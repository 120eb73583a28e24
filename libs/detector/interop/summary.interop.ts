import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type DetectorConfigInput, parseDetectorConfig } from '../src/config.ts';
import { type DetectorSummary, summarizeDetector } from '../src/summarize-detector.ts';

const python = process.env['CASSL_PYTHON'] ?? '.tools/python/bin/python';

interface Counts {
  readonly gflop: Readonly<Record<'fcos' | 'swin' | 'swinPadded' | 'maskBranch' | 'dynamicHead', number>>;
  readonly mebibytes: Readonly<Record<'resnet' | 'resnetLive' | 'swin' | 'fcosHead' | 'maskBranch', number>>;
}

const summary = (input: DetectorConfigInput, height: number, width = height): DetectorSummary =>
  summarizeDetector(parseDetectorConfig(input), { height, width });

describe.skipIf(!existsSync(python))('summarizeDetector against PyTorch (needs CASSL_PYTHON)', () => {
  let counted: Counts;

  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'cassl-costs-'));
    try {
      const config = join(folder, 'config.json');
      await writeFile(config, JSON.stringify(parseDetectorConfig({})));
      const script = join(import.meta.dirname, 'costs.py');
      counted = JSON.parse(execFileSync(python, [script, config], { encoding: 'utf8' })) as Counts;
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('counts the operations of torchvision’s FCOS on ResNet-50 at 800×1088', () => {
    expect(summary({ classes: 80, masks: false }, 800, 1088).gflop).toBeCloseTo(counted.gflop.fcos, 6);
  });

  it('counts the operations of torchvision’s Swin-T, but its projection of padding, which is not computed here', () => {
    const backbone = (height: number, width?: number) =>
      summary({ backbone: 'swin-t' }, height, width).parts.backbone.gflop;
    expect(backbone(224)).toBeCloseTo(counted.gflop.swin, 6);
    const projections = [96, 192, 384, 768].reduce((sum, channels, stage) => {
      const [height, width] = [200 / 2 ** stage, 272 / 2 ** stage];
      const padding = Math.ceil(height / 7) * 7 * Math.ceil(width / 7) * 7 - height * width;
      return sum + [2, 2, 6, 2][stage]! * padding * channels ** 2;
    }, 0);
    expect(backbone(800, 1088)).toBeCloseTo(counted.gflop.swinPadded - (2 * projections) / 1e9, 6);
  });

  it('counts the operations of mask branch and dynamic layers, and the kernels of 100 cells', () => {
    const masks = summary({}, 800, 1088).gflop - summary({ masks: false }, 800, 1088).gflop;
    const controller = (2 * 100 * 169 * 256 * 9) / 1e9;
    expect(masks).toBeCloseTo(counted.gflop.maskBranch + counted.gflop.dynamicHead + controller, 6);
  });

  it('keeps what autograd keeps, to a tenth', () => {
    const parts = (input: DetectorConfigInput): Record<'backbone' | 'head' | 'classifier', number> => {
      const { backbone, head, classifier } = summary(input, 320).parts;
      const mebibytes = (part: { activationBytes: number }) => part.activationBytes / 2 ** 20;
      return {
        backbone: mebibytes(backbone),
        head: mebibytes(head),
        classifier: mebibytes(classifier),
      };
    };
    const boxes = parts({ classes: 80, masks: false });
    // One trained mask adds a hundredth of a MiB.
    const masks = parts({ classes: 80, maxMaskInstances: 1 });
    const { resnet, resnetLive, swin, fcosHead, maskBranch } = counted.mebibytes;
    for (const [ours, theirs] of [
      [boxes.backbone, resnet],
      [parts({ backboneNorm: 'batch' }).backbone, resnetLive],
      [parts({ backbone: 'swin-t' }).backbone, swin],
      [boxes.head + boxes.classifier, fcosHead],
      [masks.head - boxes.head, maskBranch],
    ] as const) {
      expect(ours / theirs).toBeGreaterThan(0.9);
      expect(ours / theirs).toBeLessThan(1.1);
    }
  });
});
