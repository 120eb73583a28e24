import type { Framework, Scope } from '../names/frameworks.ts';
import type { ModelFacts } from './model-facts.ts';

type Names = ReadonlyMap<string, unknown>;

/** What a network reads: `rgb` as ImageNet's mean and std have it, or `bgr` with the mean subtracted. */
type Pixels = 'rgb' | 'bgr';

/** What exported weights do not say: settings that the other framework must be given, and where its computation differs. */
export function exportNotes(
  framework: Framework,
  {
    scope,
    tensors,
    pixels,
    model,
  }: {
    readonly scope: Scope;
    readonly tensors: Names;
    readonly pixels: Pixels;
    readonly model: ModelFacts;
  },
): string[] {
  const names = [...tensors.keys()];
  const isResNet = names.some((name) => /(^|\.)(conv1\.weight|conv1_w)$/.test(name));
  const hasHead = names.some((name) => /cls_logits|conv_cls/.test(name));
  const notes: string[] = [];
  if (isOfDetectron(framework)) {
    if (pixels === 'rgb') {
      notes.push(
        'set INPUT.FORMAT "RGB", MODEL.PIXEL_MEAN [123.675, 116.28, 103.53], MODEL.PIXEL_STD [58.395, 57.12, 57.375], ' +
          'or export with --pixels bgr for the defaults',
      );
    }
    if (isResNet && model.resnetStride === 'torchvision') {
      notes.push('set MODEL.RESNETS.STRIDE_IN_1X1 False, unless the config says resnetStride: msra');
    }
  }
  if (framework === 'mmdet') {
    const reads =
      pixels === 'rgb'
        ? 'bgr_to_rgb=True with ImageNet mean and std'
        : 'bgr_to_rgb=False, mean [103.53, 116.28, 123.675], std 1';
    notes.push(`set the data preprocessor to ${reads}; ResNets are style="pytorch"`);
    if (hasHead) {
      notes.push(
        'the head needs conv_bias=True, centerness_on_reg=True and norm_on_bbox=True, as the config beside it has',
      );
    }
  }
  if (framework === 'torchvision' && scope === 'detector' && hasHead) {
    notes.push(
      'backbone and pyramid give equal features; the head does not: torchvision’s FCOS has no scales and no half-stride offset',
    );
  }
  if (framework === 'detectron2' && scope === 'detector') {
    notes.push('P6 and P7 are left out: detectron2’s RetinaNet makes them from C5, ours come from P5');
  }
  if (framework === 'transformers' || framework === 'timm' || (framework === 'torchvision' && !hasHead)) {
    if (isResNet && model.resnetStride === 'msra' && framework !== 'transformers') {
      notes.push(
        `the bottlenecks stride in their first 1×1 (resnetStride: msra); ${framework}’s do in their 3×3`,
      );
    }
  }
  if (framework !== 'cassl' && scope === 'detector' && names.some((name) => name.includes('fpn_lateral2'))) {
    notes.push('level-2 pyramid convolutions are never trained by FCOS and CondInst');
  }
  return notes;
}

/** What imported weights do not say: what their network reads and how it strides, by the habits of the framework. */
export function importNotes(
  framework: Framework,
  { tensors, pixels }: { readonly tensors: Names; readonly pixels: Pixels },
): string[] {
  const names = [...tensors.keys()];
  const notes: string[] = [];
  if (isOfDetectron(framework)) {
    if (pixels === 'rgb') {
      notes.push(
        `${framework} weights read mean-subtracted BGR unless they were trained otherwise: import them with --pixels bgr`,
      );
    }
    if (names.some((name) => /layer1\.0\.conv3\.weight$/.test(name))) {
      notes.push('set resnetStride: msra in the config, unless they were trained with STRIDE_IN_1X1 False');
    }
  }
  if (framework === 'mmdet' && pixels === 'rgb' && names.some((name) => /layer1\.0\.conv1/.test(name))) {
    notes.push(
      'mmdetection’s style="caffe" ResNets read mean-subtracted BGR: import those with --pixels bgr',
    );
  }
  if (framework === 'torchvision' && names.some((name) => name.includes('cls_logits'))) {
    notes.push('torchvision’s FCOS has no scales and no half-stride offset: finetune its head before use');
  }
  return notes;
}

function isOfDetectron(framework: Framework): boolean {
  return ['detectron2', 'adelaidet', 'entity', 'msra'].includes(framework);
}
