import { openLabeledDataset } from '@cassl/workers';
import { errorMessage } from '@cassl/errors';
import { h } from 'preact';
import { renderToString } from 'preact-render-to-string';
import { drawDetected } from '../report/collect-drawings.ts';
import type { DrawingRow } from '../report/drawing-row.ts';
import { readDetections } from '@cassl/datasets';
import type { ArmRun } from './arm-run.ts';
import type { ExperimentJson } from './experiment-json.ts';
import { ExperimentPage } from './experiment-page.ts';

const PICTURES = 6;
/** More would be too small beside each other. */
const DRAWN_ARMS = 4;

/** The report as one HTML file that opens without a server; curves and pictures are of the first seed. */
export async function renderExperiment(json: ExperimentJson, runs: readonly ArmRun[]): Promise<string> {
  const first = runs.filter(({ seed }) => seed === json.seeds[0]);
  const pictures = await draw(first).catch((error: unknown) => {
    // Data of services on other machines may be out of reach.
    process.stderr.write(`report: no pictures: ${errorMessage(error)}\n`);
    return [];
  });
  return `<!doctype html>\n${renderToString(h(ExperimentPage, { json, runs: first, pictures }))}\n`;
}

async function draw(runs: readonly ArmRun[]): Promise<readonly DrawingRow[]> {
  const validation = runs[0]?.pipeline.spec?.validation;
  const evaluated = runs.flatMap(({ arm, pipeline }) => {
    const stage = pipeline.stages.find(({ name }) => name.startsWith('evaluate/finetune/'));
    return stage === undefined ? [] : [{ caption: arm, uri: stage.result }];
  });
  if (validation === undefined || evaluated.length === 0) return [];
  const dataset = await openLabeledDataset(validation);
  const detectors = await Promise.all(
    evaluated.slice(0, DRAWN_ARMS).map(async ({ caption, uri }) => ({
      caption,
      found: await readDetections(uri, dataset.categories),
    })),
  );
  return drawDetected(dataset, detectors, PICTURES);
}
