export * from './fused-kernels.ts';
