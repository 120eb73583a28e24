import { invalidArgument } from '@cassl/errors';
import {
  CONTAINERS,
  defaultContainer,
  FRAMEWORKS,
  planExportFile,
  type Container,
  type Framework,
  type LazyState,
  type PlannedFile,
} from '@cassl/checkpoints';
import type { Registry } from '../../registry.ts';
import { derivedFile, type DerivedServedFile, type Recipe } from './derived-file.ts';
import type { OpenCheckpoint } from './open-checkpoint.ts';
import { OCTETS, ownFile } from './own-file.ts';

/** Raised whenever a layout changes: what was digested before is then digested anew. */
const LAYOUT = 1;

export interface FrameworkFileOptions {
  readonly framework: Framework;
  readonly container?: Container | undefined;
}

export interface PlannedView extends PlannedFile {
  /** Name of the file in every view: `model.safetensors`. */
  readonly name: string;
}

/** Plans of the checkpoints whose headers are kept: a tree, a card and a file ask for the same one. */
const plans = new WeakMap<LazyState, Map<string, PlannedView>>();

/** A checkpoint's file for a framework, planned. @throws INVALID_ARGUMENT where the framework has no names for it */
export function planFrameworkFile(
  { tensors, facts }: OpenCheckpoint,
  { framework, container = defaultContainer(framework) }: FrameworkFileOptions,
): PlannedView {
  const known = plans.get(tensors) ?? new Map<string, PlannedView>();
  plans.set(tensors, known);
  const key = `${framework} ${container}`;
  const name = `model.${container}`;
  const plan = known.get(key) ?? {
    ...planExportFile(tensors, { framework, container, file: name, model: facts }),
    name,
  };
  known.set(key, plan);
  return plan;
}

export function frameworkRecipe(plan: PlannedView, framework: Framework): Recipe {
  return {
    view: `${LAYOUT}/${framework}/${plan.container}`,
    contentType: OCTETS,
    pieces: (checksum) => plan.pieces(checksum),
    checksummed: plan.container === 'pth' ? plan.tensors : new Map(),
  };
}

/** The stored file itself where nothing is asked to be changed. */
export async function frameworkFile(
  registry: Registry,
  open: OpenCheckpoint,
  options: FrameworkFileOptions,
): Promise<DerivedServedFile> {
  const { framework, container } = options;
  if (framework === 'cassl' && (container ?? 'safetensors') === 'safetensors')
    return ownFile(registry, open.blob);
  const plan = planFrameworkFile(open, options);
  return derivedFile(registry, open.blob, frameworkRecipe(plan, framework));
}

/** @throws INVALID_ARGUMENT naming what there is */
export function checkFramework(name: string): Framework {
  const found = FRAMEWORKS.find((framework) => framework === name);
  if (found !== undefined) return found;
  throw invalidArgument(`for must be one of ${FRAMEWORKS.join(', ')}, got ${JSON.stringify(name)}`);
}

export function checkContainer(name: string): Container {
  const found = CONTAINERS.find((container) => container === name);
  if (found !== undefined) return found;
  throw invalidArgument(`container must be one of ${CONTAINERS.join(', ')}, got ${JSON.stringify(name)}`);
}
