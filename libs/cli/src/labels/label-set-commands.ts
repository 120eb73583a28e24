import { writeExport, type ExportPiece } from '@cassl/labels';
import {
  CompareLabelSetsResponse,
  ExportSummary,
  LabelSet,
  LabelSetServiceDefinition,
  type ExportLabelSetResponse,
} from '@cassl/proto';
import { createClient } from '@cassl/rpc';
import { folderOfAddress } from '@cassl/storage';
import { withServices } from '../local/find-services.ts';
import { toUri } from '../local/to-uri.ts';

interface Flags {
  readonly home: string;
  readonly json: boolean;
}

/** Work on ten million images takes its time, but not for ever. */
const LONGEST_MS = 6 * 3_600_000;

type Client = ReturnType<typeof createClient<typeof LabelSetServiceDefinition>>;

export async function showLabelSet(set: string, flags: Flags): Promise<void> {
  await call([set], flags, async (client) => print(await client.getLabelSet({ address: toUri(set) }), flags));
}

export async function changeThreshold(set: string, threshold: number, flags: Flags): Promise<void> {
  await call([set], flags, async (client) =>
    print(await client.changeThreshold({ address: toUri(set), threshold }), flags),
  );
}

export async function chooseThreshold(
  set: string,
  flags: Flags & { readonly annotations: string; readonly images: string; readonly precision: number },
): Promise<void> {
  const { annotations, images, precision, json } = flags;
  await call([set, annotations, images], flags, async (client) => {
    const heldOut = { annotationsUri: toUri(annotations), imagesUri: toUri(images) };
    const chosen = await client.chooseThreshold({
      address: toUri(set),
      heldOut,
      precision,
    });
    if (json) return console.log(JSON.stringify(chosen));
    console.log(
      `threshold ${chosen.threshold}: precision ${chosen.precision.toFixed(4)}, recall ${chosen.recall.toFixed(4)} on ${chosen.images} held-out images (${chosen.labelCount} labels)`,
    );
  });
}

export async function mergeLabelSets(
  sets: readonly string[],
  flags: Flags & { readonly firstWins: boolean },
): Promise<void> {
  await call(sets, flags, async (client) =>
    print(await client.mergeLabelSets({ addresses: sets.map(toUri), firstWins: flags.firstWins }), flags),
  );
}

export async function removeTeacher(set: string, teacherDigest: string, flags: Flags): Promise<void> {
  await call([set], flags, async (client) =>
    print(await client.removeTeacher({ address: toUri(set), teacherDigest }), flags),
  );
}

export async function compareLabelSets(first: string, second: string, flags: Flags): Promise<void> {
  await call([first, second], flags, async (client) => {
    const found = await client.compareLabelSets({ first: toUri(first), second: toUri(second) });
    if (flags.json) return console.log(JSON.stringify(CompareLabelSetsResponse.toJSON(found)));
    console.log(
      `${found.sharedImages} images in both (${found.identicalImages} with the same labels), ${found.onlyFirst} and ${found.onlySecond} in one alone\n` +
        `${found.matchedLabels} labels match of ${found.firstLabels} and ${found.secondLabels}, mean IoU ${found.meanIou.toFixed(4)}`,
    );
  });
}

export async function exportLabelSet(
  set: string,
  flags: Flags & { readonly format: string; readonly out: string; readonly className: string },
): Promise<void> {
  const { format, out, className, json } = flags;
  await call([set], flags, async (client) => {
    const parts = client.exportLabelSet(
      { address: toUri(set), format, className },
      { deadlineMs: LONGEST_MS },
    );
    const { files, totals } = await writeExport(piecesOf(parts), out);
    if (json) return console.log(JSON.stringify({ files, ...totals }));
    const leftOut = totals.leftOut === 0 ? '' : `, ${totals.leftOut} labels without an area left out`;
    console.log(
      `wrote ${totals.labels} labels of ${totals.images} images to ${out} (${files} files${leftOut})`,
    );
  });
}

async function* piecesOf(
  parts: AsyncIterable<ExportLabelSetResponse>,
): AsyncGenerator<ExportPiece, ExportSummary> {
  let summary = ExportSummary.fromPartial({});
  for await (const { path, part } of parts) {
    if (part?.$case === 'text') yield { path, text: part.value };
    else if (part?.$case === 'linkTo') yield { path, linkTo: part.value };
    else if (part?.$case === 'summary') summary = part.value;
  }
  return summary;
}

/** Derived sets are written beside theirs, so the folder must be writable for services started for the call. */
async function call(
  paths: readonly string[],
  { home }: Flags,
  work: (client: Client) => Promise<void>,
): Promise<void> {
  const folders = paths.map((path) => folderOfAddress(toUri(path)));
  const roots = { data: folders, output: folders };
  await withServices({ home, names: ['registry', 'labeler'], roots }, async ({ labeler: address }) => {
    const client = createClient(LabelSetServiceDefinition, address, { deadlineMs: LONGEST_MS });
    try {
      await work(client);
    } finally {
      client.close();
    }
  });
}

function print({ labelSet }: { readonly labelSet?: LabelSet | undefined }, { json }: Flags): void {
  if (labelSet === undefined) return;
  if (json) return console.log(JSON.stringify(LabelSet.toJSON(labelSet)));
  console.log(
    `${labelSet.address}\n${labelSet.labelCount} labels above ${labelSet.threshold} on ${labelSet.labeledImages} of ${labelSet.images} images ` +
      `(${labelSet.emptyImages} without, ${labelSet.failedImages} failed) in ${labelSet.files} files`,
  );
  for (const { teacher, scoreFloor } of labelSet.sources) {
    console.log(
      `  ${teacher?.kind ?? ''} ${teacher?.digest ?? ''}, licence ${teacher?.licence || 'unknown'}, floor ${scoreFloor}`,
    );
  }
}
