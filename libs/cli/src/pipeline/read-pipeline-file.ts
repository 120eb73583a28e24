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
  const document = readYamlMapping(path, text);
  for (const change of changes) applyChange(document, change);
  return checkPipelineDocument(path, document);
}

/** @throws INVALID_ARGUMENT for what is no YAML, or no mapping */
export function readYamlMapping(path: string, text: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = parse(text);
  } catch (cause) {
    throw invalidArgument(`${path} is not YAML: ${errorMessage(cause)}`, { cause });
  }
  if (typeof document !== 'object' || document === null)
    throw invalidArgument(`${path} is not a YAML mapping`);
  return document as Record<string, unknown>;
}

/** @throws INVALID_ARGUMENT that begins with `where` and names the key */
export function checkPipelineDocument(where: string, document: Record<string, unknown>): PipelineFile {
  checkKeys(where, pipelineSchema, document);
  const result = pipelineSchema.safeParse(document);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw invalidArgument(`${where}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is wrong'}`);
}

function applyChange(document: Record<string, unknown>, change: string): void {
  const equals = change.indexOf('=');
  if (equals < 1)
    throw invalidArgument(`--set ${change}: write it as key=value, for example --set warmup.iterations=500`);
  setKey(document, change.slice(0, equals), parse(change.slice(equals + 1)) as unknown);
}

/** Sets `a.b.c`, making the mappings on the way. */
export function setKey(document: Record<string, unknown>, key: string, value: unknown): void {
  const keys = key.split('.');
  const last = keys.pop() ?? '';
  let target = document;
  for (const part of keys) {
    const inner = target[part];
    if (typeof inner !== 'object' || inner === null) target[part] = {};
    target = target[part] as Record<string, unknown>;
  }
  target[last] = value;
}
