import { invalidArgument } from '@cassl/errors';
import {
  LineageEdge,
  LineageLicense,
  LineageNode,
  type Checkpoint,
  type DataSource,
  type GetLineageRequest,
  type GetLineageResponse,
} from '@cassl/proto';
import { fitReply, ReplyRoom } from '@cassl/rpc';
import type { Kysely } from 'kysely';
import { resolveReference } from '../aliases/resolve-reference.ts';
import type { Database } from '../database/schema.ts';
import type { Registry } from '../registry.ts';
import { readCheckpointsByDigest } from './read-checkpoints.ts';

const MAX_DEPTH = 64;

export async function getLineage(
  { db }: Pick<Registry, 'db'>,
  { reference, maxDepth }: GetLineageRequest,
): Promise<GetLineageResponse> {
  if (maxDepth > MAX_DEPTH) throw invalidArgument(`max_depth must be 0 to ${MAX_DEPTH}, got ${maxDepth}`);
  return fitted(
    await walk(db, await resolveReference({ db }, reference), maxDepth === 0 ? MAX_DEPTH : maxDepth),
  );
}

/** The nearest things that a reply holds, and their steps. */
function fitted(whole: GetLineageResponse): GetLineageResponse {
  const room = new ReplyRoom();
  const nodes = fitReply(whole.nodes, LineageNode, room);
  const known = new Set(nodes.map(({ id }) => id));
  const licenses = fitReply(
    whole.licenses.filter(({ id }) => known.has(id)),
    LineageLicense,
    room,
  );
  const steps = whole.edges.filter(({ from }) => known.has(from));
  const edges = fitReply(steps, LineageEdge, room);
  const isCut =
    nodes.length < whole.nodes.length || licenses.length < nodes.length || edges.length < steps.length;
  return { nodes, edges, licenses, truncated: whole.truncated || isCut };
}

/** Every licence that a checkpoint carries: its own and those of all that it was made from. */
export async function licensesOf(db: Kysely<Database>, digest: string): Promise<LineageLicense[]> {
  return (await walk(db, digest, MAX_DEPTH)).licenses;
}

/** Breadth first, one query a generation; a graph whose checkpoints share ancestors has each of them once. */
async function walk(db: Kysely<Database>, root: string, maxDepth: number): Promise<GetLineageResponse> {
  const nodes = new Map<string, LineageNode>();
  const edges = new Map<string, LineageEdge>();
  let generation = [root];
  let depth = 0;
  for (; generation.length > 0 && depth <= maxDepth; depth++) {
    const next = new Set<string>();
    for (const checkpoint of await readCheckpointsByDigest(db, generation)) {
      const id = checkpointId(checkpoint.digest);
      nodes.set(id, { id, thing: { $case: 'checkpoint', value: checkpoint }, depth });
      addData(checkpoint, depth + 1, nodes, edges);
      for (const edge of ancestorEdges(checkpoint))
        edges.set(`${edge.from} ${edge.to} ${edge.relation}`, edge);
      for (const ancestor of ancestorsOf(checkpoint))
        if (!nodes.has(checkpointId(ancestor))) next.add(ancestor);
    }
    generation = [...next];
  }
  const found = [...nodes.values()].sort((a, b) => a.depth - b.depth);
  return {
    nodes: found,
    edges: [...edges.values()],
    licenses: found.map(licenseOf),
    truncated: generation.length > 0,
  };
}

/** Parents and teachers: the checkpoints that must be kept while this one is. */
export function ancestorsOf({ manifest }: Pick<Checkpoint, 'manifest'>): string[] {
  const teachers = (manifest?.data ?? []).map(({ teacher }) => teacher).filter((digest) => digest !== '');
  return [...new Set([...(manifest?.parents ?? []), ...teachers])];
}

function ancestorEdges({ digest, manifest }: Checkpoint): LineageEdge[] {
  const from = checkpointId(digest);
  const data = manifest?.data ?? [];
  const teachers = new Set(data.map(({ teacher }) => teacher).filter((teacher) => teacher !== ''));
  const parents = (manifest?.parents ?? []).filter((parent) => !teachers.has(parent));
  return [
    ...parents.map((parent) => ({ from, to: checkpointId(parent), relation: 'started-from' })),
    ...[...teachers].map((teacher) => ({ from, to: checkpointId(teacher), relation: 'taught-by' })),
  ];
}

function addData(
  { digest, manifest }: Checkpoint,
  depth: number,
  nodes: Map<string, LineageNode>,
  edges: Map<string, LineageEdge>,
): void {
  for (const source of manifest?.data ?? []) {
    const id = dataId(source);
    if (!nodes.has(id)) nodes.set(id, { id, thing: { $case: 'data', value: source }, depth });
    const used = { from: checkpointId(digest), to: id, relation: source.role };
    edges.set(`${used.from} ${id} ${used.relation}`, used);
    if (source.teacher === '') continue;
    const labeled = { from: id, to: checkpointId(source.teacher), relation: 'labeled-by' };
    edges.set(`${id} ${labeled.to} labeled-by`, labeled);
  }
}

function checkpointId(digest: string): string {
  return `sha256:${digest}`;
}

function dataId({ digest, uri }: DataSource): string {
  return `data:${digest === '' ? uri : digest}`;
}

function licenseOf({ id, thing }: LineageNode): LineageLicense {
  const license = thing?.$case === 'checkpoint' ? thing.value.manifest?.license : thing?.value.license;
  return { id, license: license ?? '' };
}
