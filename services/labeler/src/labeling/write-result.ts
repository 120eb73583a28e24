import type { WrittenManifest } from '@cassl/datasets';
import { dataLoss } from '@cassl/errors';
import type { Lead } from '@cassl/jobs';
import { writeFacts, writeLabelSet, type LabelFileEntry, type Teacher as LabelTeacher } from '@cassl/labels';
import type { Labeling, LabelingSpec, Teacher } from '@cassl/proto';
import type { Ledger } from './ledger.ts';
import { limitsOf } from './labeling-spec.ts';
import { roundScore } from './work-shards.ts';

/** Writes the label set of a job whose shards are all done, and answers the record's last change. */
export async function writeResult(
  lead: Lead<Labeling>,
  parts: { readonly spec: LabelingSpec; readonly ledger: Ledger; readonly written: WrittenManifest },
): Promise<(job: Labeling) => Labeling> {
  const { ledger, written } = parts;
  const { threshold, nonOverlap, maxDetections } = limitsOf(parts.spec);
  const floor = roundScore(threshold);
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
  const { checkpointDigest: digest, status } = lead.job;
  const source = {
    manifest: written.digest,
    teacher: describeTeacher(parts.spec.teacher, digest),
    options: { nonOverlap, maxDetections },
    scoreFloor: floor,
  };
  const header = { threshold: floor, sources: [source] };
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

function describeTeacher(teacher: Teacher | undefined, digest: string): LabelTeacher {
  const { prompts = [], licence = '' } = teacher ?? {};
  const kinds = { onnx: 'onnx', endpoint: 'open-inference' } as const;
  const kind = teacher?.source === undefined ? 'checkpoint' : kinds[teacher.source.$case];
  return { digest: withAlgorithm(digest), kind, prompts, licence };
}

function withAlgorithm(digest: string): string {
  return digest.startsWith('sha256:') ? digest : `sha256:${digest}`;
}
