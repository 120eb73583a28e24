import { relative, resolve } from 'node:path';
import type { DataStatistics } from './data-statistics.ts';
import type { FoundData, LabeledPart } from './find-data.ts';
import type { ProposedPipeline } from './propose-pipeline.ts';

export interface PipelineTextOptions {
  readonly name: string;
  readonly found: FoundData;
  readonly statistics: DataStatistics;
  readonly unlabeled: number;
  readonly proposed: ProposedPipeline;
  readonly labels: 'category' | 'supercategory';
  /** Images kept for validation, from the end of the one annotation file. */
  readonly kept: number;
  readonly backbone?: string | undefined;
  /** Name of the file that it is written to. */
  readonly file: string;
  /** What the check left out, a line each. */
  readonly notes: readonly string[];
}

/** A pipeline file with every proposal's reason beside it. */
export function pipelineText(options: PipelineTextOptions): string {
  const { name, file, found, statistics, unlabeled, proposed, labels, kept, backbone, notes } = options;
  const { preset, size, batchSize, iterations, threshold, holdout, classifier } = proposed;
  const { labeler, warmup, finetune } = iterations.value;
  const masks = statistics.haveMasks ? '' : ', masks: false';
  const learningRate = (batchSize.value / 16) * (preset.value === 'tiny' ? 1e-3 : 5e-4);
  const stage = (count: number): string =>
    `{ iterations: ${count}, batchSize: ${batchSize.value}, learningRate: ${learningRate}, warmupIterations: ${Math.min(50, Math.floor(count / 10))} }`;
  return `# Written by \`cassl init\` from ${statistics.images} labeled images with ${statistics.objects} objects of ${statistics.categories} categories and ${unlabeled} images
# without labels. Look at the labels first (cassl data check --pictures), change what you know better, then:
#   cassl run ${file} --out out/${name} --check     looks at everything without starting
#   cassl run ${file} --out out/${name}             the three stages and a report
name: ${name}

data:${notes.map((note) => `\n  # ${note}`).join('')}
${dataText(found, kept, statistics.images)}

${comment(labelsReason(statistics, labels))}
labels: ${labels}

${comment(preset.reason)}
model:
  preset: ${preset.value}
${comment(size.reason, '  ')}${statistics.haveMasks ? '' : '\n  # The labels have no masks.'}
  settings: { resizeShortSide: ${size.value.shortSide}, resizeLongSide: ${size.value.longSide}${masks} }
${backbone === undefined ? '# backbone: weights.safetensors   first weights, from `cassl import`' : `backbone: ${place(backbone)}`}

${comment(iterations.reason)}
${comment(`${batchSize.reason}; the rate follows the batch`)}
labeler: ${stage(labeler)}
warmup: ${stage(warmup)}
finetune: ${stage(finetune)}

${comment(`the score that pseudo labels must pass, δ: ${threshold.reason}`)}
threshold: ${threshold.value}
holdout: ${holdout}

${comment(classifier.reason)}
classifier: ${classifier.value}

# More seeds say how far a difference is chance; each repeats the finetuning (cassl run --seeds 3).
seeds: [1]
`;
}

function dataText(
  { labeled, validation, unlabeled, poolHoldsLabeled }: FoundData,
  kept: number,
  images: number,
): string {
  const pool = poolHoldsLabeled
    ? '  # The labeled images lie in the same folder: their pictures are labeled by the teacher too.\n'
    : '';
  if (validation !== undefined) {
    return `  labeled: ${partText(labeled)}\n${pool}  unlabeled: ${place(unlabeled)}\n  validation: ${partText(validation)}`;
  }
  return `  # One annotation file: its last ${kept} images are kept to measure on. Where neighbours look alike (frames of a video),
  # choose them yourself: put them into a file of their own.
  labeled: ${partText(labeled, `, limit: ${images}`)}
${pool}  unlabeled: ${place(unlabeled)}
  validation: ${partText(labeled, `, offset: ${images}`)}`;
}

function partText({ annotations, images }: LabeledPart, more = ''): string {
  return `{ annotations: ${place(annotations)}, images: ${place(images)}${more} }`;
}

const LINE = 110;

/** A sentence as comment lines. */
function comment(sentence: string, indent = ''): string {
  const lines = [''];
  for (const word of `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`.split(' ')) {
    const line = lines.at(-1) ?? '';
    if (line.length + word.length + indent.length + 3 > LINE) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.map((line) => `${indent}# ${line}`).join('\n');
}

function labelsReason({ categories, rarest }: DataStatistics, labels: string): string {
  return labels === 'supercategory'
    ? 'supercategories: there are few objects a category; `category` keeps the finest names'
    : `${categories} categories; ${rarest.name} has the fewest objects, ${rarest.objects}`;
}

/** As a YAML string: relative to the working directory where it lies in it, as `cassl run` reads paths. */
function place(path: string): string {
  const near = relative(process.cwd(), resolve(path));
  return JSON.stringify(near === '' || near.startsWith('..') ? resolve(path) : near);
}
