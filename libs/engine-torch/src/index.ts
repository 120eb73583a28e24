export type * from './fused-kernels.ts';
export { fusedKernelNames } from './fused-kernels.ts';
export { loadTorchAddon, type NativeAddon, type NativeStatus } from './native-addon.ts';
export {
  registerTorchBackend,
  type AutocastMode,
  type TorchBackendFacts,
  type TorchBackendOptions,
} from './register-torch-backend.ts';
export {
  openProcessGroup,
  type ProcessGroup,
  type ProcessGroupOptions,
  type TravellingSums,
} from './process-group.ts';
export { fallbackKernelNames, type FallbackCount } from './fallback-kernels.ts';
export { findLibtorch, type Libtorch } from './find-libtorch.ts';
export { findPrebuilt, prebuiltName, type Prebuilt } from './find-prebuilt.ts';
export { buildAddon } from './build.ts';
