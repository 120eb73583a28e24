import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { formatDropReport, importLabels, openCocoDataset } from '@cassl/datasets';
import { openStore } from '@cassl/storage';

export interface ImportCocoFlags {
  readonly images: string;
  readonly out: string;
  readonly licence: string;
  readonly prompt: readonly string[];
  readonly keepClasses: boolean;
  readonly json: boolean;
}

/** `cassl labels import`: annotations of another tool or model as a label set. */
export async function importCocoLabels(annotations: string, flags: ImportCocoFlags): Promise<void> {
  const dataset = await openCocoDataset({
    annotations: resolve(annotations),
    images: resolve(flags.images),
    kind: 'instances',
    labels: flags.keepClasses ? 'category' : 'agnostic',
  });
  const hash = createHash('sha256');
  await pipeline(createReadStream(annotations), hash);
  const { address, digest, totals } = await importLabels(dataset, {
    teacher: { digest: `sha256:${hash.digest('hex')}`, prompts: flags.prompt, licence: flags.licence },
    store: openStore(pathToFileURL(resolve(flags.out)).href),
    signal: new AbortController().signal,
  });
  if (flags.json) return console.log(JSON.stringify({ address, digest, totals, report: dataset.report }));
  console.error(formatDropReport(dataset.report));
  console.log(`${address}  ${digest}`);
  console.log(
    `${totals.labels} labels on ${totals.images} images, ${totals.empty} of them empty, ${totals.failed} unread`,
  );
}
