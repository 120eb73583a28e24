import type { LazyState } from '../lazy-tensor.ts';
import { describeBackbone, type BackboneFacts } from '../names/describe-backbone.ts';
import type { Framework, Scope } from '../names/frameworks.ts';
import type { InputConvention } from '../names/input-convention.ts';
import type { RenameReport, SkippedTensor } from '../names/rename.ts';
import { architectureOf } from './architecture.ts';
import type { Config } from './config.ts';
import type { Container } from './container.ts';
import { describeDetector, type DetectorFacts } from './detector-facts.ts';
import { detectronConfig } from './detectron-config.ts';
import { exportNotes } from './framework-notes.ts';
import { timmConfig, transformersConfig } from './hub-configs.ts';
import { mmdetBackbone, mmdetDetector } from './mmdet-config.ts';
import { inputAs, type ModelFacts } from './model-facts.ts';
import { loadingSnippet } from './snippet.ts';

/** What stands beside an exported file for programs and people: all that its weights do not say. */
export interface ExportNote {
  readonly framework: Framework;
  readonly scope: Scope;
  readonly container: Container;
  /** Name of the file of weights that this belongs to. */
  readonly file: string;
  /** The framework's own settings that fit; `null` where it has no such architecture. */
  readonly config: Config | null;
  /** What the network reads: (x − mean) / std per channel of an image of 0 to 255, channels in `order`. */
  readonly input: InputConvention;
  /** Tensors of the checkpoint that the file does not have, with the reason. */
  readonly leftOut: readonly SkippedTensor[];
  /** Where the framework computes something else than ours, and settings to look at. */
  readonly notes: readonly string[];
  /** Python that loads the file; `null` where there is no config. */
  readonly snippet: string | null;
}

export interface NoteOptions {
  readonly framework: Framework;
  readonly scope: Scope;
  readonly container: Container;
  readonly file: string;
  /** The checkpoint under our names. */
  readonly state: LazyState;
  readonly tensors: LazyState;
  readonly report: RenameReport;
  readonly pixels: 'rgb' | 'bgr';
  readonly model: ModelFacts;
}

export function exportNote(options: NoteOptions): ExportNote {
  const { framework, scope, container, file, state, tensors, report, pixels, model } = options;
  const input = inputAs(pixels, model);
  const backbone = describeBackbone(state);
  const detector = scope === 'detector' ? describeDetector(state) : undefined;
  const config =
    backbone === undefined ? undefined : configOf(framework, { backbone, detector, model, input, scope });
  const notes = exportNotes(framework, { scope, tensors, pixels, model });
  if (config === undefined && framework !== 'cassl') {
    notes.push(`${framework} has no architecture for these weights: build the model yourself`);
  }
  return {
    framework,
    scope,
    container,
    file,
    config: config ?? null,
    input,
    leftOut: report.skipped,
    notes,
    snippet: config === undefined ? null : loadingSnippet({ framework, scope, file, config }),
  };
}

interface ConfigParts {
  readonly backbone: BackboneFacts;
  readonly detector: DetectorFacts | undefined;
  readonly model: ModelFacts;
  readonly input: InputConvention;
  readonly scope: Scope;
}

function configOf(
  framework: Framework,
  { backbone, detector, model, input, scope }: ConfigParts,
): Config | undefined {
  switch (framework) {
    case 'torchvision':
      return torchvisionConfig(backbone, detector, scope);
    case 'timm':
      return timmConfig(backbone, model, input);
    case 'transformers':
      return transformersConfig(backbone, model);
    case 'mmdet':
      return detector === undefined ? mmdetBackbone(backbone) : mmdetDetector(backbone, detector, input);
    case 'swin':
      return backbone.kind === 'swin' ? officialSwin(backbone) : undefined;
    case 'detectron2':
    case 'adelaidet':
    case 'entity':
    case 'msra':
      return detectronConfig(backbone, model, input, detector);
    case 'cassl':
      return undefined;
  }
}

function torchvisionConfig(
  backbone: BackboneFacts,
  detector: DetectorFacts | undefined,
  scope: Scope,
): Config | undefined {
  const architecture = architectureOf(backbone);
  if (architecture === undefined) return undefined;
  if (scope === 'backbone') {
    const builder =
      architecture.kind === 'resnet'
        ? `resnet${architecture.depth}`
        : { tiny: 'swin_t', small: 'swin_s', base: 'swin_b', large: undefined }[architecture.size];
    return builder === undefined ? undefined : { builder, arguments: {} };
  }
  if (architecture.kind !== 'resnet' || architecture.depth !== 50 || detector?.firstLevel !== 3)
    return undefined;
  const settings = { weights: null, weights_backbone: null, num_classes: detector.classes };
  return { builder: 'detection.fcos_resnet50_fpn', arguments: settings };
}

function officialSwin({ embedding, blocks, heads, window }: BackboneFacts & { kind: 'swin' }): Config {
  const SWIN = { EMBED_DIM: embedding, DEPTHS: blocks, NUM_HEADS: heads, WINDOW_SIZE: window };
  return { MODEL: { TYPE: 'swin', SWIN } };
}
