import type { StateDict } from '../host-tensor.ts';
import type { Framework, Scope } from './frameworks.ts';

/** What weights do not say: settings that the other framework must be given, and where its computation differs. */
export function frameworkNotes(framework: Framework, scope: Scope, exported: StateDict): string[] {
  const names = [...exported.keys()];
  const isResNet = names.some((name) => /(^|\.)(conv1\.weight|conv1_w)$/.test(name));
  const hasHead = names.some((name) => /cls_logits|conv_cls/.test(name));
  const notes: string[] = [];
  if (framework === 'detectron2' || framework === 'adelaidet' || framework === 'entity') {
    notes.push(
      'set INPUT.FORMAT "RGB", MODEL.PIXEL_MEAN [123.675, 116.28, 103.53], MODEL.PIXEL_STD [58.395, 57.12, 57.375], ' +
        'or export with --pixels bgr for the defaults',
    );
    if (isResNet)
      notes.push('set MODEL.RESNETS.STRIDE_IN_1X1 False, unless the config says resnetStride: msra');
  }
  if (framework === 'mmdet') {
    notes.push(
      'set the data preprocessor to bgr_to_rgb=True with ImageNet mean and std; ResNets are style="pytorch"',
    );
  }
  if (framework === 'torchvision' && scope === 'detector' && hasHead) {
    notes.push(
      'backbone and pyramid give equal features; the head does not: torchvision’s FCOS has no scales and no half-stride offset',
    );
  }
  if (framework !== 'cassl' && scope === 'detector' && names.some((name) => name.includes('fpn_lateral2'))) {
    notes.push('level-2 pyramid convolutions are never trained by FCOS and CondInst');
  }
  return notes;
}
