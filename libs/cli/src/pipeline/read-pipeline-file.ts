import { readFile } from 'node:fs/promises';
import { errorMessage, invalidArgument, notFound } from '@cassl/errors';
import { parse } from 'yaml';
import { checkKeys } from './check-keys.ts';
import { pipelineSchema, type PipelineFile } from './pipeline-schema.ts';

/**
 * Reads a pipeline file and applies `key.path=value` changes; values are YAML.
 * @throws NOT_FOUND for no file; INVALID_ARGUMENT naming the key, what is wrong with it, and a misspelt key's neighbour
 */
export async function readPipelineFile(path: string, changes: readonly string[] = []): Promise<PipelineFile> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw notFound(`cannot read the pipeline ${path}: ${errorMessage(cause)}`, { cause });
  });
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    throw invalidArgument(`${path} is not YAML: ${errorMessage(cause)}`, { cause });
  }
  if (typeof document !== 'object' || document === null)
    throw invalidArgument(`${path} is not a YAML mapping`);
  for (const change of changes) applyChange(document as Record<string, unknown>, change);
  checkKeys(path, pipelineSchema, document);
  const result = pipelineSchema.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalidArgument(`${path}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`);
}

function applyChange(document: Record<string, unknown>, change: string): void {
  const equals = change.indexOf('=');
  if (equals < 1)
    throw invalidArgument(`--set ${change}: write it as key=value, for example --set warmup.iterations=500`);
  const keys = change.slice(0, equals).split('.');
  const last = keys.pop() ?? '';
  let target = document;
  for (const key of keys) {
    const inner = target[key];
    if (typeof inner !== 'object' || inner === null) target[key] = {};
    target = target[key] as Record<string, unknown>;
  }
  target[last] = parse(change.slice(equals + 1)) as unknown;
}
