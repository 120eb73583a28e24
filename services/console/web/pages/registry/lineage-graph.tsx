import type { GetLineageResponse, LineageNode } from '@cassl/proto';
import type { JSX } from 'preact';
import { shortDigest } from '../../format.ts';
import type { Json } from '../../json.ts';
import { Graph } from '../../parts/graph.tsx';
import type { GraphItem } from '../../parts/layout-graph.ts';
import { Link, pathOf } from '../../router.tsx';
import { stageName } from './stage-name.ts';

interface LineageItem extends GraphItem {
  readonly node: Json<LineageNode>;
  /** How what it made came of it. */
  readonly relations: readonly string[];
}

/** What a checkpoint was made of: its parents and teachers, their parents, and the data of each. */
export function LineageGraph({ lineage }: { readonly lineage: Json<GetLineageResponse> }): JSX.Element {
  const { nodes, edges, licenses, truncated } = lineage;
  // The oldest above.
  const items = [...nodes]
    .sort((a, b) => b.depth - a.depth)
    .map((node): LineageItem => ({
      name: node.id,
      node,
      needs: edges.filter(({ from }) => from === node.id).map(({ to }) => to),
      relations: edges.filter(({ to }) => to === node.id).map(({ relation }) => relation),
    }));
  const known = [...new Set(licenses.map(({ license }) => (license === '' ? 'unknown' : license)))];
  return (
    <section class="panel">
      <h2>Lineage</h2>
      <p class="soft">
        Licences it carries: {known.join(', ') || 'none'}
        {truncated && ' · older generations are not shown'}
      </p>
      <Graph label="Lineage" items={items} kind={() => 'good'} card={(item) => <Card item={item} />} />
    </section>
  );
}

function Card({ item: { node, relations } }: { readonly item: LineageItem }): JSX.Element {
  const { thing } = node;
  const how = [...new Set(relations)].join(', ').replaceAll('-', ' ');
  if (thing?.$case === 'checkpoint') {
    const { digest, manifest } = thing.value;
    return (
      <Link to={pathOf('registry', digest)} class={`stage ${node.depth === 0 ? 'running' : 'good'}`}>
        <span class="stage-title">{stageName(manifest?.stage)}</span>
        <span class="stage-text">
          <code>{shortDigest(digest)}</code> {how}
        </span>
      </Link>
    );
  }
  const data = thing?.value;
  return (
    <div class="stage waiting">
      <span class="stage-title">{data?.role === '' ? 'data' : data?.role}</span>
      <span class="stage-text">
        {data?.uri.split('/').slice(-2).join('/')} {data?.license === '' ? 'licence unknown' : data?.license}
      </span>
    </div>
  );
}
