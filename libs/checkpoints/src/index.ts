export type { Dtype } from './dtype.ts';
export { DTYPE_BITS } from './dtype.ts';
export type { HostTensor, StateDict } from './host-tensor.ts';
export { byteLength, elementCount, float32Tensor, int64Tensor, toFloat32 } from './host-tensor.ts';
export { checkFinite } from './finite.ts';
export { bytesSource, fileSource, storeSource, type ByteSource } from './byte-source.ts';
export { writeAtomically, type WrittenFile } from './write-atomically.ts';
export type { SafetensorsFault } from './safetensors/fault.ts';
export type { SafetensorsHeader, TensorEntry } from './safetensors/header.ts';
export { readSafetensors, readSafetensorsHeader, readTensor, type Safetensors } from './safetensors/read.ts';
export {
  encodeSafetensors,
  safetensorsChunks,
  safetensorsPieces,
  writeSafetensors,
} from './safetensors/write.ts';
export { pieceBytes, pieceContent, type FilePiece } from './file-piece.ts';
export {
  changed as changedTensor,
  lazyBytes,
  lazyState,
  lazyTensorsOf,
  type ByteRange,
  type LazyState,
  type LazyTensor,
} from './lazy-tensor.ts';
export { FRAMEWORKS, type Framework, type Scope } from './names/frameworks.ts';
export { exportWeights, type ExportedWeights } from './names/export-weights.ts';
export { importWeights, type ImportedWeights, type ImportOptions } from './names/import-weights.ts';
export type { RenameReport, SkippedTensor } from './names/rename.ts';
export { convertInput, IMAGENET_RGB, MSRA_BGR, type InputConvention } from './names/input-convention.ts';
export {
  describeBackbone,
  type BackboneFacts,
  type ResNetFacts,
  type SwinFacts,
} from './names/describe-backbone.ts';
export { relativePositionIndex } from './names/swin-buffers.ts';
export { matchState, requireMatch, type MatchReport } from './match-state.ts';
export { resizeBiasTable } from './resize-bias-table.ts';
export { pthChunks, writePth, type PthOptions } from './pth/write.ts';
export { namingFile } from './naming-file.ts';
export { readPth, type Pth } from './pth/read.ts';
export { readCheckpoint, type ReadCheckpoint } from './read-checkpoint.ts';
export { importNotes } from './exports/framework-notes.ts';
export { CONTAINERS, defaultContainer, type Container } from './exports/container.ts';
export { preprocessorConfig } from './exports/hub-configs.ts';
export type { ExportNote } from './exports/export-note.ts';
export type { Config } from './exports/config.ts';
export { modelFacts, type ModelFacts } from './exports/model-facts.ts';
export { noteName } from './exports/snippet.ts';
export { writeExport, type WrittenExport } from './exports/write-export.ts';
export { planExportFile, type ExportFileOptions, type PlannedFile } from './exports/plan-export-file.ts';
export { defaultScope } from './names/frameworks.ts';
export { tarPieces, type TarEntry } from './oci/tar.ts';
export { writeOciLayout, type OciImage } from './oci/write-oci-layout.ts';
