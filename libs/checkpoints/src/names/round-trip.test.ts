import { describe, expect, it } from 'vitest';
import { exportWeights, importWeights, type Framework, type Scope, type StateDict } from '../index.ts';
import {
  entityState,
  fcosState,
  fpnState,
  joined,
  maskState,
  resnetState,
  swinState,
} from './random-models.fixture.ts';

const condInst = (body: StateDict, levels?: number[]): StateDict =>
  joined(body, fpnState(levels), fcosState(), maskState());
const without = (state: StateDict, pattern: RegExp): StateDict =>
  new Map([...state].filter(([name]) => !pattern.test(name)));

const cases: [what: string, framework: Framework, scope: Scope, state: StateDict][] = [
  ['CondInst ResNet-50', 'cassl', 'detector', condInst(resnetState())],
  ['CondInst ResNet-50', 'adelaidet', 'detector', condInst(resnetState())],
  ['CondInst Swin-T', 'adelaidet', 'detector', condInst(swinState())],
  [
    'entity Swin-T',
    'entity',
    'detector',
    joined(swinState(), fpnState([2, 3, 4, 5]), fcosState(), entityState()),
  ],
  [
    'ResNet-50 FPN',
    'detectron2',
    'detector',
    without(joined(resnetState(), fpnState([2, 3, 4, 5])), /top_block/),
  ],
  ['ResNet-50', 'transformers', 'backbone', resnetState()],
  ['Swin-T', 'transformers', 'backbone', swinState([2, 2, 6, 2], false)],
  ['ResNet-18', 'detectron2', 'backbone', resnetState([2, 2, 2, 2], 2)],
  ['CondInst ResNet-50', 'mmdet', 'detector', condInst(resnetState())],
  ['CondInst Swin-T', 'mmdet', 'detector', condInst(swinState())],
  [
    'CondInst with group norms in its mask branch',
    'mmdet',
    'detector',
    without(condInst(resnetState()), /^mask_branch.*running/),
  ],
  ['CondInst Swin-T from C2', 'mmdet', 'detector', condInst(swinState(), [2, 3, 4, 5])],
  ['Swin-T', 'mmdet', 'backbone', swinState()],
  [
    'FCOS ResNet-50',
    'torchvision',
    'detector',
    without(joined(resnetState(), fpnState(), fcosState()), /scales/),
  ],
  [
    'Mask R-CNN body ResNet-50',
    'torchvision',
    'detector',
    without(joined(resnetState(), fpnState([2, 3, 4, 5])), /top_block/),
  ],
  ['ResNet-101', 'torchvision', 'backbone', resnetState([3, 4, 23, 3])],
  ['Swin-S', 'torchvision', 'backbone', swinState([2, 2, 18, 2], false)],
  ['ResNet-50', 'timm', 'backbone', resnetState()],
  ['Swin-T', 'timm', 'backbone', swinState([2, 2, 6, 2], false)],
  ['Swin-B', 'swin', 'backbone', swinState([2, 2, 18, 2])],
  ['ResNet-50', 'msra', 'backbone', resnetState()],
];

describe('a name table', () => {
  it.each(cases)('takes %s to %s (%s) and back, bit for bit', (_, framework, scope, state) => {
    const exported = exportWeights(state, framework, scope);
    expect(exported.report.skipped).toEqual([]);
    expect(new Set(exported.report.renamed.map(({ from }) => from)).size).toBe(state.size);
    const imported = importWeights(exported.tensors, { framework });
    expect(imported.scope).toBe(scope);
    expect(imported.tensors).toEqual(state);
    expect(imported.report.skipped.map(({ name }) => name).sort()).toEqual([...exported.report.added].sort());
  });

  it.each(cases)('recognises %s in the names of %s (%s)', (_, framework, scope, state) => {
    const exported = exportWeights(state, framework, scope).tensors;
    const imported = importWeights(exported);
    expect(imported.tensors).toEqual(state);
    expect(imported.scope).toBe(scope);
  });
});
