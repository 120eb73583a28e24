import type { WrittenManifest } from '@cassl/datasets';
import { dataLoss } from '@cassl/errors';
import type { Lead } from '@cassl/jobs';
import { writeFacts, writeLabelSet, type LabelFileEntry } from '@cassl/labels';
import type { Labeling, LabelingSpec } from '@cassl/proto';
import { labelSource } from './label-source.ts';
import type { Ledger } from './ledger.ts';
import { limitsOf } from './labeling-spec.ts';

/** Writes the label set of a job whose shards are all done, and answers the record's last change. */
export async function writeResult(
  lead: Lead<Labeling>,
  parts: { readonly spec: LabelingSpec; readonly ledger: Ledger; readonly written: WrittenManifest },
): Promise<(job: Labeling) => Labeling> {
  const { ledger, written } = parts;
  let seconds = 0;
  let shards = 0;
  async function* entries(): AsyncGenerator<LabelFileEntry> {
    for await (const commit of ledger.range(0, written.manifest.shards)) {
      seconds += commit.seconds;
      shards += 1;
      yield commit.file;
    }
    // Counted before; somebody has taken them away since. A set without them would look whole.
    const missing = written.manifest.shards - shards;
    if (missing > 0)
      throw dataLoss(`${missing} of ${written.manifest.shards} commits are gone from ${ledger.store.uri}`);
  }
  const { checkpointDigest, status } = lead.job;
  const { teacher } = parts.spec;
  const source = labelSource({ checkpointDigest, teacher, ...limitsOf(parts.spec) });
  const header = { threshold: source.scoreFloor, sources: [{ manifest: written.digest, ...source }] };
  const set = await writeLabelSet(ledger.labels, header, entries(), lead.signal);
  const { images } = set.totals;
  await writeFacts(ledger.labels, set.digest, {
    madeBy: `labeling ${lead.id}`,
    ...(status?.startedAt === undefined ? {} : { startedAt: status.startedAt.toISOString() }),
    endedAt: new Date().toISOString(),
    gpuSeconds: seconds,
    gpuSecondsPer1000Images: images === 0 ? 0 : (seconds / images) * 1000,
  });
  return (job) => ({ ...job, labelSetUri: set.address, labelSetDigest: set.digest });
}
