import type { PipelineStage, StageSpec } from '@cassl/proto';
import { h, type JSX } from 'preact';
import { duration } from '../output/duration.ts';
import type { ReportContent } from './report-content.ts';
import { tableHead } from './table-head.ts';

/** What was run, on what, for how long, and how to run it again. */
export function FactsSection(content: ReportContent): JSX.Element {
  const { pipeline, report, labelSet, command } = content;
  const { spec } = pipeline;
  const trained = pipeline.stages.filter(({ service, result }) => service === 'trainer' && result !== '');
  return h(
    'section',
    null,
    unusedData(content),
    h('h2', null, 'Facts'),
    h(
      'div',
      { class: 'card' },
      facts([
        ['pipeline', report.id],
        ['engine', report.engine],
        ['detector', spec?.model?.preset ?? ''],
        ['labeled images', spec?.labeled?.annotationsUri ?? ''],
        ['unlabeled images', spec?.unlabeled?.uri ?? ''],
        ['validation images', spec?.validation?.annotationsUri ?? ''],
        ['threshold δ', (report.pseudoLabels.threshold ?? 0).toFixed(3)],
        ['label set', labelSet],
        ['seeds', spec?.seeds.join(', ') || '1'],
      ]),
    ),
    h('h3', null, 'Stages'),
    h('div', { class: 'card wide', tabIndex: 0 }, stages(content)),
    h('h3', null, 'Checkpoints'),
    h(
      'div',
      { class: 'card wide', tabIndex: 0 },
      h(
        'table',
        null,
        h(
          'tbody',
          null,
          trained.map(({ name, result }) =>
            h('tr', { key: name }, h('th', { scope: 'row' }, name), h('td', null, h('code', null, result))),
          ),
        ),
      ),
    ),
    h('h3', null, 'Commands'),
    h(
      'div',
      { class: 'card' },
      h(
        'pre',
        { tabIndex: 0 },
        [command, ...trained.filter(({ name }) => name in PULLED).map(pullCommand)].join('\n'),
      ),
    ),
    h('h3', null, 'Specification'),
    h(
      'details',
      { class: 'card' },
      h('summary', null, 'All of it'),
      h('pre', { tabIndex: 0 }, JSON.stringify(spec, null, 2)),
    ),
  );
}

/** What users take away, under the names that the commands give it. */
const PULLED: Readonly<Record<string, string>> = { warmup: 'warmup', 'finetune/warmup/1': 'detector' };

function pullCommand({ name, result }: PipelineStage): string {
  return `cassl pull ${result.slice(0, 16)} --out ${PULLED[name] ?? name}.safetensors`;
}

function facts(list: readonly (readonly [name: string, value: string])[]): JSX.Element {
  return h(
    'dl',
    null,
    list
      .filter(([, value]) => value !== '')
      .map(([name, value]) => h('div', { key: name }, h('dt', null, name), h('dd', null, value))),
  );
}

const STAGE_COLUMNS = ['stage', 'time', 'iterations', 'batch', 'rate', 'augmentation'];

function stages({ pipeline: { spec }, report: { timings } }: ReportContent): JSX.Element {
  const settingsOf = (name: string): StageSpec | undefined => {
    if (name === 'labeler' || name === 'warmup') return spec?.[name];
    return name.startsWith('finetune/') ? spec?.finetune : undefined;
  };
  return h(
    'table',
    null,
    tableHead(STAGE_COLUMNS),
    h(
      'tbody',
      null,
      Object.entries(timings).map(([name, seconds]) => {
        const { schedule, augmentation = '' } = settingsOf(name) ?? {};
        const cells = [schedule?.iterations, schedule?.batchSize, schedule?.learningRate, augmentation];
        return h(
          'tr',
          { key: name },
          h('th', { scope: 'row' }, name),
          h('td', null, duration(seconds)),
          cells.map((cell, index) => h('td', { key: index }, cell === undefined ? '' : String(cell))),
        );
      }),
    ),
  );
}

function unusedData({ report: { unused = {} } }: ReportContent): JSX.Element | null {
  const list = Object.entries(unused);
  if (list.length === 0) return null;
  return h(
    'div',
    null,
    h('h2', null, 'Data that was not used as it is'),
    list.map(([name, lines]) =>
      h(
        'div',
        { class: 'card wide', key: name, tabIndex: 0 },
        h('b', null, name),
        h('pre', { tabIndex: 0 }, lines.join('\n')),
      ),
    ),
  );
}
