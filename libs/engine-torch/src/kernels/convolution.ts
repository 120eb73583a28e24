import * as tf from '@tensorflow/tfjs-core';
import { NoNativeForm } from '../no-native-form.ts';
import type { NativeCall } from '../native-call.ts';
import { writeActivation } from './activation.ts';
import type { Kernel, KernelFamily } from './kernel-table.ts';

type Shape4 = [number, number, number, number];
type Shape5 = [number, number, number, number, number];
type Attrs = tf.NamedAttrMap;

interface Geometry {
  readonly stride: readonly number[];
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

function geometry2d(inputShape: number[], filterShape: number[], attrs: Attrs, depthwise: boolean): Geometry {
  const {
    strides,
    pad,
    dilations,
    dataFormat = 'NHWC',
    dimRoundingMode,
  } = attrs as unknown as tf.Conv2DAttrs;
  if (dataFormat !== 'NHWC') throw new NoNativeForm(`convolution in ${dataFormat}`);
  const info = tf.backend_util.computeConv2DInfo(
    inputShape as Shape4,
    filterShape as Shape4,
    strides,
    dilations ?? 1,
    pad,
    dimRoundingMode,
    depthwise,
  );
  const { top, bottom, left, right } = info.padInfo;
  return {
    stride: [info.strideHeight, info.strideWidth],
    before: [top, left],
    after: [bottom, right],
    dilation: [info.dilationHeight, info.dilationWidth],
    groups: depthwise ? inputShape[3]! : inputShape[3]! / filterShape[2]!,
  };
}

function geometry3d(inputShape: number[], filterShape: number[], attrs: Attrs): Geometry {
  const { strides, pad, dilations = 1 } = attrs as unknown as tf.Conv3DAttrs;
  const info = tf.backend_util.computeConv3DInfo(
    inputShape as Shape5,
    filterShape as Shape5,
    strides,
    dilations,
    pad,
  );
  const { front, back, top, bottom, left, right } = info.padInfo;
  return {
    stride: [info.strideDepth, info.strideHeight, info.strideWidth],
    before: [front, top, left],
    after: [back, bottom, right],
    dilation: [info.dilationDepth, info.dilationHeight, info.dilationWidth],
    groups: 1,
  };
}

function writeGeometry(call: NativeCall, { stride, before, after, dilation, groups }: Geometry): NativeCall {
  return call.integers(stride).integers(before).integers(after).integers(dilation).number(groups);
}

type GeometryOf = (inputShape: number[], filterShape: number[], attrs: Attrs) => Geometry;

export const convolutionKernels: KernelFamily = (torch) => {
  const forward = torch.operation('convolution');
  const backpropInput = torch.operation('convolutionBackpropInput');
  const backpropFilter = torch.operation('convolutionBackpropFilter');

  const convolve =
    (geometryOf: GeometryOf, depthwise: boolean): Kernel =>
    ({ x, filter, bias, preluActivationWeights }, attrs) => {
      const geometry = geometryOf(x!.shape, filter!.shape, attrs);
      const call = torch.call().tensor(x!).tensor(filter!).optionalTensor(bias);
      writeGeometry(call, geometry).flag(depthwise);
      return writeActivation(call, attrs, preluActivationWeights).run(forward).output();
    };
  const inputGradient =
    (geometryOf: GeometryOf, depthwise: boolean): Kernel =>
    ({ dy, filter }, attrs) => {
      const inputShape = attrs['inputShape'] as number[];
      const call = torch.call().tensor(dy!).tensor(filter!);
      writeGeometry(call, geometryOf(inputShape, filter!.shape, attrs));
      return call.flag(depthwise).integers(inputShape).run(backpropInput).output();
    };
  const filterGradient =
    (geometryOf: GeometryOf, depthwise: boolean): Kernel =>
    ({ x, dy }, attrs) => {
      const filterShape = attrs['filterShape'] as number[];
      const call = torch.call().tensor(x!).tensor(dy!);
      writeGeometry(call, geometryOf(x!.shape, filterShape, attrs));
      return call.flag(depthwise).integers(filterShape).flag(false).run(backpropFilter).output();
    };

  const dense: GeometryOf = (input, filter, attrs) => geometry2d(input, filter, attrs, false);
  const depthwise: GeometryOf = (input, filter, attrs) => geometry2d(input, filter, attrs, true);
  return {
    Conv2D: convolve(dense, false),
    FusedConv2D: convolve(dense, false),
    Conv2DBackpropInput: inputGradient(dense, false),
    Conv2DBackpropFilter: filterGradient(dense, false),
    DepthwiseConv2dNative: convolve(depthwise, true),
    FusedDepthwiseConv2D: convolve(depthwise, true),
    DepthwiseConv2dNativeBackpropInput: inputGradient(depthwise, true),
    DepthwiseConv2dNativeBackpropFilter: filterGradient(depthwise, true),
    Conv3D: convolve(geometry3d, false),
    Conv3DBackpropInputV2: inputGradient(geometry3d, false),
    Conv3DBackpropFilterV2: filterGradient(geometry3d, false),
  };
};
