import type { Framework } from '@cassl/checkpoints';
import { Stage, type Evaluation, type Manifest } from '@cassl/proto';
import { getCheckpoint } from '../../checkpoints/get-checkpoint.ts';
import { planFrameworkFile } from '../files/framework-file.ts';
import type { OpenCheckpoint } from '../files/open-checkpoint.ts';
import type { ViewContext } from '../http/request.ts';

interface CardOptions {
  readonly id: string;
  readonly framework: Framework;
}

const LIBRARY: Partial<Record<Framework, string>> = { timm: 'timm', transformers: 'transformers' };

const STAGES: Readonly<Record<string, string>> = {
  [Stage.STAGE_LABELER]: 'the class-agnostic pseudo labeler (stage 1)',
  [Stage.STAGE_WARMUP]: 'warmed up on class-agnostic pseudo labels (stage 2)',
  [Stage.STAGE_FINETUNE]: 'finetuned on real classes (stage 3)',
};

/** A model card: what it is, where it comes from, what was measured, how to load it. */
export async function modelCard(
  context: ViewContext,
  open: OpenCheckpoint,
  options: CardOptions,
): Promise<string> {
  const { checkpoint } = open;
  const { evaluations } = await getCheckpoint(context.registry, checkpoint.digest);
  const { manifest } = checkpoint;
  const sections = [
    head(manifest, options),
    `# ${options.id}`,
    `Class-agnostic semi-supervised detection: ${STAGES[manifest?.stage ?? ''] ?? 'an imported checkpoint'}. ` +
      `${checkpoint.parameterCount.toLocaleString('en')} parameters in ${checkpoint.tensorCount} tensors, sha256 \`${checkpoint.digest}\`.`,
    lineage(manifest),
    numbers(evaluations),
    licence(manifest),
    howToLoad(open, options.framework),
  ];
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`;
}

/** The YAML that the Hub's clients and pages read. */
function head(manifest: Manifest | undefined, { framework }: CardOptions): string {
  const license = manifest?.license ?? '';
  const lines = [
    `library_name: ${LIBRARY[framework] ?? 'cassl'}`,
    'pipeline_tag: object-detection',
    `license: ${license === '' ? 'other' : JSON.stringify(license)}`,
    'tags:',
    '- cassl',
    ...Object.entries(manifest?.tags ?? {}).map(([key, value]) => `- ${JSON.stringify(`${key}:${value}`)}`),
    ...(manifest?.parents ?? []).flatMap((parent, index) => [
      ...(index === 0 ? ['base_model:'] : []),
      `- checkpoints/${parent}`,
    ]),
  ];
  return ['---', ...lines, '---'].join('\n');
}

function lineage(manifest: Manifest | undefined): string {
  if (manifest === undefined) return '';
  const { parents, data, seed, iterations, codeVersion, trainingId } = manifest;
  const rows = [
    ...parents.map((parent) => `- parent: \`${parent}\``),
    ...data.map(
      ({ role, uri, digest }) => `- ${role}: ${code(uri)}${digest === '' ? '' : ` (sha256 \`${digest}\`)`}`,
    ),
    ...(trainingId === '' ? [] : [`- training: ${code(trainingId)}, ${iterations} iterations, seed ${seed}`]),
    ...(codeVersion === '' ? [] : [`- code: ${code(codeVersion)}`]),
  ];
  return rows.length === 0 ? '' : ['## Where it comes from', '', ...rows].join('\n');
}

function numbers(evaluations: readonly Evaluation[]): string {
  if (evaluations.length === 0) return '';
  const rows = evaluations.flatMap(({ id, metrics }) =>
    Object.entries(metrics).map(
      ([name, value]) => `| ${cell(id)} | ${cell(name)} | ${value.toPrecision(4)} |`,
    ),
  );
  return ['## Measured', '', '| evaluation | metric | value |', '| --- | --- | --- |', ...rows].join('\n');
}

function licence(manifest: Manifest | undefined): string {
  const own = manifest?.license ?? '';
  const text =
    own === '' ? 'Not stated: ask whoever published it, and look at the data and parents above.' : own;
  return `## Licence\n\n${text}`;
}

function howToLoad(open: OpenCheckpoint, framework: Framework): string {
  if (framework === 'cassl') return '';
  const { snippet, notes } = planFrameworkFile(open, { framework }).note;
  const lines = notes.map((note) => `- ${note}`);
  return [
    '## How to load it',
    ...(snippet === null ? [] : ['', '```python', snippet, '```']),
    ...(lines.length === 0 ? [] : ['', ...lines]),
  ].join('\n');
}

function code(text: string): string {
  return `\`${text.replaceAll('`', "'")}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
