import { failedPrecondition } from '@cassl/errors';
import type { FilePiece } from '../file-piece.ts';
import type { LazyState, LazyTensor } from '../lazy-tensor.ts';
import { planExport } from '../names/export-weights.ts';
import { defaultScope, type Framework, type Scope } from '../names/frameworks.ts';
import { convertInputLazily, MSRA_BGR } from '../names/input-convention.ts';
import type { RenameReport } from '../names/rename.ts';
import { containerPieces, defaultContainer, type Container } from './container.ts';
import { exportNote, type ExportNote } from './export-note.ts';
import { USUAL_MODEL, type ModelFacts } from './model-facts.ts';

export interface ExportFileOptions {
  readonly framework: Framework;
  /** Name that the note calls the file by. */
  readonly file: string;
  /** Default: all that the framework has. */
  readonly scope?: Scope | undefined;
  /** Default: what the framework's loader opens. */
  readonly container?: Container | undefined;
  /** See `exportWeights`. */
  readonly firstLevel?: number | undefined;
  /** `bgr`: the first convolution is converted to read detectron2's mean-subtracted BGR. Default: as it is. */
  readonly pixels?: 'rgb' | 'bgr' | undefined;
  readonly model?: ModelFacts | undefined;
}

export interface PlannedFile {
  /** Every tensor under its name in the file. */
  readonly tensors: LazyState;
  readonly scope: Scope;
  readonly container: Container;
  readonly report: RenameReport;
  readonly note: ExportNote;
  /** The file; a `.pth` needs the CRC-32 of each tensor. */
  pieces(checksum: (tensor: LazyTensor, name: string) => number): FilePiece[];
}

/**
 * Lays a checkpoint out as another framework's file, without reading a byte of its tensors.
 * @throws INVALID_ARGUMENT when nothing of it has a name there, FAILED_PRECONDITION for a conversion that it does not need
 */
export function planExportFile(state: LazyState, options: ExportFileOptions): PlannedFile {
  const { framework, file, firstLevel, pixels = 'rgb', model = USUAL_MODEL } = options;
  const scope = options.scope ?? defaultScope(framework);
  const container = options.container ?? defaultContainer(framework);
  if (pixels === 'bgr' && model.input.order === 'bgr') {
    throw failedPrecondition('the checkpoint reads BGR already; there is nothing to convert');
  }
  const converted = pixels === 'bgr' ? convertInputLazily(state, model.input, MSRA_BGR) : state;
  const { tensors, report } = planExport(converted, framework, scope, firstLevel);
  const note = exportNote({ framework, scope, container, file, state, tensors, report, pixels, model });
  const pieces: PlannedFile['pieces'] = (checksum) =>
    containerPieces(container, framework, tensors, checksum);
  return { tensors, scope, container, report, note, pieces };
}
