import type { Framework, Scope } from '../names/frameworks.ts';
import type { Config } from './config.ts';

/** Python that builds the framework's own model and loads the file, run in the folder of both; checked by the interop tests. */
export function loadingSnippet(options: {
  readonly framework: Framework;
  readonly scope: Scope;
  readonly file: string;
  readonly config: Config;
}): string | null {
  const { framework, scope, config } = options;
  const file = JSON.stringify(options.file);
  const note = JSON.stringify(noteName(options.file));
  switch (framework) {
    case 'torchvision':
      return lines(
        'import json, torch, torchvision',
        `config = json.load(open(${note}))["config"]`,
        `model = torchvision.models.${String(config.builder)}(**config["arguments"])`,
        ...(scope === 'backbone' ? [`model.${classifier(config)} = torch.nn.Identity()`] : []),
        `model.load_state_dict(torch.load(${file}, weights_only=True), strict=True)`,
      );
    case 'timm':
      return lines(
        'import json, timm, safetensors.torch',
        `config = json.load(open(${note}))["config"]`,
        'model = timm.create_model(config["architecture"], num_classes=0, **config.get("model_args", {}))',
        `model.load_state_dict(safetensors.torch.load_file(${file}), strict=True)`,
      );
    case 'transformers':
      return lines(
        'import json, pathlib, shutil, transformers',
        'folder = pathlib.Path("for-transformers"); folder.mkdir(exist_ok=True)',
        `(folder / "config.json").write_text(json.dumps(json.load(open(${note}))["config"]))`,
        `shutil.copy(${file}, folder / "model.safetensors")`,
        'model = transformers.AutoModel.from_pretrained(folder)',
      );
    case 'mmdet':
      return lines(
        'import json, mmengine.runner, mmdet.utils, mmdet.registry',
        'mmdet.utils.register_all_modules()',
        `config = json.load(open(${note}))["config"]`,
        'model = mmdet.registry.MODELS.build(config)',
        `mmengine.runner.load_checkpoint(model, ${file}, strict=True)`,
      );
    case 'detectron2':
    case 'adelaidet':
    case 'entity':
    case 'msra':
      return lines(
        'from detectron2.checkpoint import DetectionCheckpointer',
        `# cfg: a config of yours with the settings in ${note.slice(1, -1)}`,
        'from detectron2.modeling import build_model',
        'model = build_model(cfg)',
        `DetectionCheckpointer(model).load(${file})`,
      );
    case 'swin':
      return lines(
        'import torch',
        'from models.swin_transformer import SwinTransformer',
        `model = SwinTransformer(num_classes=0, **${pythonArguments(config)})`,
        `model.load_state_dict(torch.load(${file}, weights_only=True)["model"], strict=False)`,
      );
    case 'cassl':
      return null;
  }
}

/** Where the note of a file of weights is kept. */
export function noteName(file: string): string {
  return `${file}.json`;
}

function lines(...text: string[]): string {
  return text.join('\n');
}

function classifier({ builder }: Config): string {
  return String(builder).startsWith('swin') ? 'head' : 'fc';
}

function pythonArguments(config: Config): string {
  const { SWIN } = config.MODEL as { SWIN: Record<string, unknown> };
  return JSON.stringify(
    Object.fromEntries(Object.entries(SWIN).map(([key, value]) => [key.toLowerCase(), value])),
  );
}
