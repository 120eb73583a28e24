import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorMessage, invalidArgument, notFound } from '@cassl/errors';
import { parse } from 'yaml';
import { checkKeys, nearest } from '../pipeline/check-keys.ts';
import type { PipelineFile } from '../pipeline/pipeline-schema.ts';
import { checkPipelineDocument, readYamlMapping, setKey } from '../pipeline/read-pipeline-file.ts';
import { experimentSchema, type ExperimentFile } from './experiment-schema.ts';
import { parseStatement, type Statement } from './parse-statement.ts';

/** What an arm measures in the end: one of the pipeline's arms. */
export type Measured = 'warmup' | 'scratch' | 'control' | 'joint' | 'none';

export interface ExperimentArm {
  readonly name: string;
  readonly pipeline: PipelineFile;
  readonly measured: Measured;
}

export interface Experiment {
  readonly file: ExperimentFile;
  /** Path of the file. */
  readonly path: string;
  readonly arms: readonly ExperimentArm[];
  readonly statements: readonly Statement[];
}

/**
 * Reads an experiment with its pipeline and checks everything that can be known before the first training.
 * @throws NOT_FOUND for no file; INVALID_ARGUMENT naming the key, what is wrong with it, and a misspelt name's neighbour
 */
export async function readExperimentFile(path: string): Promise<Experiment> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw notFound(`cannot read the experiment ${path}: ${errorMessage(cause)}`, { cause });
  });
  const document = readYamlMapping(path, text);
  checkKeys(path, experimentSchema, document);
  const result = experimentSchema.safeParse(document);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw invalidArgument(`${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`);
  }
  const file = result.data;
  const base = resolve(dirname(path), file.pipeline);
  const pipelineText = await readFile(base, 'utf8').catch((cause: unknown) => {
    throw notFound(`${path}: pipeline: cannot read ${base}: ${errorMessage(cause)}`, { cause });
  });
  const arms = Object.entries(file.arms).map(([name, changes]) =>
    armOf(`${path}: arms.${name}`, name, pipelineText, { ...file.set, ...changes }, file.name),
  );
  const statements = Object.entries(file.statements).flatMap(([name, statement]) =>
    parseStatement(name, statement),
  );
  for (const statement of statements) checkArms(path, statement, Object.keys(file.arms));
  return { file, path, arms, statements };
}

function armOf(
  where: string,
  name: string,
  pipelineText: string,
  changes: Readonly<Record<string, unknown>>,
  experiment: string,
): ExperimentArm {
  // Parsed anew for each arm, because changes are made in place.
  const document = parse(pipelineText) as Record<string, unknown>;
  document.name = experiment;
  document.control = false;
  document.arms = ['warmup'];
  for (const [key, value] of Object.entries(changes)) {
    if (key === 'seeds') throw invalidArgument(`${where}: seeds are the experiment's`);
    setKey(document, key, value);
  }
  const pipeline = checkPipelineDocument(where, document);
  const [measured, ...others] = pipeline.arms;
  if (measured === undefined || others.length > 0 || pipeline.control) {
    throw invalidArgument(
      `${where}: an arm of an experiment ends in one arm of the pipeline, got ${pipeline.arms.join(', ')}`,
    );
  }
  return { name, pipeline, measured };
}

function checkArms(path: string, { name, difference }: Statement, arms: readonly string[]): void {
  for (const term of difference) {
    if ('constant' in term || arms.includes(term.arm)) continue;
    throw invalidArgument(
      `${path}: statements.${name}: there is no arm ${JSON.stringify(term.arm)}; did you mean ${JSON.stringify(nearest(term.arm, arms))}?`,
    );
  }
}
