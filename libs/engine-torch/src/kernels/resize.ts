import type { Kernel, KernelFamily } from './kernel-table.ts';

export const resizeKernels: KernelFamily = (torch) => {
  const resize = (name: string): Kernel => {
    const operation = torch.operation(name);
    return ({ images }, { size, alignCorners, halfPixelCenters }) => {
      const [height, width] = size as [number, number];
      return torch
        .call()
        .tensor(images!)
        .number(height)
        .number(width)
        .flag(alignCorners as boolean)
        .flag(halfPixelCenters as boolean)
        .run(operation)
        .output();
    };
  };
  const gradient = (name: string): Kernel => {
    const operation = torch.operation(name);
    return ({ images, dy }, { alignCorners, halfPixelCenters }) =>
      torch
        .call()
        .tensor(dy!)
        .integers(images!.shape)
        .flag(alignCorners as boolean)
        .flag(halfPixelCenters as boolean)
        .run(operation)
        .output();
  };
  return {
    ResizeBilinear: resize('resizeBilinear'),
    ResizeBilinearGrad: gradient('resizeBilinearGrad'),
    ResizeNearestNeighbor: resize('resizeNearest'),
    ResizeNearestNeighborGrad: gradient('resizeNearestGrad'),
  };
};
