import { openCocoDataset } from '@cassl/datasets';
import { invalidArgument } from '@cassl/errors';
import {
  changeThreshold,
  chooseThreshold,
  compareLabelSets,
  exportFormats,
  exportLabels,
  mergeLabelSets,
  readFacts,
  removeTeacher,
  type ExportPiece,
  type LabelSet,
} from '@cassl/labels';
import {
  LabelSetServiceDefinition,
  type ExportLabelSetResponse,
  type LabelSet as LabelSetMessage,
  type LabeledDataset,
} from '@cassl/proto';
import { implement, type ServedService } from '@cassl/rpc';
import { openRequestedStore } from '@cassl/storage';
import type { Xyxy } from '@cassl/vision';
import { deriveLabelSet } from './derive-label-set.ts';
import { listFiles } from './list-files.ts';
import { openRequestedSet } from './open-requested-set.ts';

/** Label sets of one merge: all are opened at once, and each is read against all before it. */
const MERGED = { least: 2, most: 64 };

/** RPC ⇄ domain. */
export function labelSetService(): ServedService {
  return implement(LabelSetServiceDefinition, {
    getLabelSet: async ({ address }, { signal }) => ({
      labelSet: await toMessage(await openRequestedSet('address', address, signal)),
    }),
    listLabelSetFiles: async (request, { signal }) =>
      listFiles(await openRequestedSet('address', request.address, signal), request),
    changeThreshold: async ({ address, threshold }, { signal }) => {
      const set = await openRequestedSet('address', address, signal);
      const draft = changeThreshold(set, threshold);
      const how = `threshold ${draft.header.threshold}`;
      return { labelSet: await toMessage(await deriveLabelSet('address', [set], how, draft, signal)) };
    },
    chooseThreshold: async ({ address, heldOut, precision, iou, leastLabels }, { signal }) => {
      const set = await openRequestedSet('address', address, signal);
      const truth = await heldOutBoxes(heldOut, signal);
      const { labels, ...chosen } = await chooseThreshold(set, (key) => truth.get(key), {
        precision,
        iou: fraction('iou', iou),
        leastLabels: leastLabels === 0 ? undefined : leastLabels,
      });
      return { ...chosen, labelCount: labels };
    },
    mergeLabelSets: async ({ addresses, firstWins }, { signal }) => {
      if (addresses.length > MERGED.most)
        throw invalidArgument(
          `MergeLabelSetsRequest.addresses must be at most ${MERGED.most}, got ${addresses.length}; merge them in steps`,
        );
      const [first, ...others] = await Promise.all(
        addresses.map((address, index) => openRequestedSet(`addresses[${index}]`, address, signal)),
      );
      if (first === undefined || others.length + 1 < MERGED.least)
        throw invalidArgument(
          `MergeLabelSetsRequest.addresses must be at least ${MERGED.least}, got ${addresses.length}`,
        );
      const store = openRequestedStore('addresses[0]', first.store.uri, 'write');
      const draft = mergeLabelSets([first, ...others], { store, overlap: firstWins ? 'first' : 'refuse' });
      const merged = await deriveLabelSet('addresses[0]', [first, ...others], 'merge', draft, signal);
      return { labelSet: await toMessage(merged) };
    },
    removeTeacher: async ({ address, teacherDigest }, { signal }) => {
      const set = await openRequestedSet('address', address, signal);
      const draft = removeTeacher(set, teacherDigest);
      const how = `without ${teacherDigest}`;
      return { labelSet: await toMessage(await deriveLabelSet('address', [set], how, draft, signal)) };
    },
    compareLabelSets: async ({ first, second, iou }, { signal }) => {
      const [a, b] = await Promise.all([
        openRequestedSet('first', first, signal),
        openRequestedSet('second', second, signal),
      ]);
      const { shared, identical, matched, ...rest } = await compareLabelSets(a, b, {
        iou: fraction('iou', iou),
      });
      return { ...rest, sharedImages: shared, identicalImages: identical, matchedLabels: matched };
    },
    exportLabelSet: ({ address, format, className }, { signal }) =>
      streamExport(address, format, className === '' ? 'object' : className, signal),
  });
}

async function* streamExport(
  address: string,
  name: string,
  className: string,
  signal: AbortSignal,
): AsyncGenerator<ExportLabelSetResponse> {
  const format = exportFormats.find((known) => known === name);
  if (format === undefined) {
    throw invalidArgument(
      `ExportLabelSetRequest.format must be one of ${exportFormats.join(', ')}, got ${JSON.stringify(name)}`,
    );
  }
  const set = await openRequestedSet('address', address, signal);
  const pieces = exportLabels(set.rows(), { format, className });
  for (;;) {
    const next = await pieces.next();
    if (next.done === true) {
      yield { path: '', part: { $case: 'summary', value: next.value } };
      return;
    }
    const piece = next.value;
    yield { path: piece.path, part: partOf(piece) };
  }
}

function partOf(piece: ExportPiece): ExportLabelSetResponse['part'] {
  if ('linkTo' in piece) return { $case: 'linkTo', value: piece.linkTo };
  return { $case: 'text', value: 'text' in piece ? piece.text : Buffer.from(piece.bytes).toString() };
}

/** Boxes of the held-out images by file name, without crowds. */
async function heldOutBoxes(
  heldOut: LabeledDataset | undefined,
  signal: AbortSignal,
): Promise<Map<string, Xyxy[]>> {
  if (heldOut === undefined) throw invalidArgument('ChooseThresholdRequest.held_out is missing');
  const { annotationsUri: annotations, imagesUri: images } = heldOut;
  const dataset = await openCocoDataset({
    annotations,
    images,
    labels: 'agnostic',
    check: 'sizes',
    signal,
  });
  return new Map(
    dataset.images.map(({ key, instances }) => [
      key,
      instances.filter(({ crowd }) => !crowd).map(({ box }) => box),
    ]),
  );
}

/** 0 means the default. */
function fraction(field: string, value: number): number | undefined {
  if (value === 0) return undefined;
  if (!(value > 0 && value <= 1)) throw invalidArgument(`${field} must be in (0, 1], got ${value}`);
  return value;
}

async function toMessage(set: LabelSet): Promise<LabelSetMessage> {
  const { address, digest, header, totals, store } = set;
  const facts = await readFacts(store, digest);
  return {
    address,
    digest,
    threshold: header.threshold,
    sources: header.sources.map(({ manifest, teacher, options, scoreFloor }) => ({
      manifest,
      teacher: { ...teacher, prompts: [...teacher.prompts] },
      optionsJson: JSON.stringify(options),
      scoreFloor,
    })),
    files: totals.files,
    images: totals.images,
    labeledImages: totals.labeled,
    emptyImages: totals.empty,
    failedImages: totals.failed,
    labelCount: totals.labels,
    gpuSecondsPer1000Images: facts?.gpuSecondsPer1000Images ?? 0,
  };
}
