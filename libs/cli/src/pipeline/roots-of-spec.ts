import type { LabeledDataset, PipelineSpec } from '@cassl/proto';
import { folderOfAddress } from '@cassl/storage';
import type { Roots } from '../local/roots.ts';

/** The places that the pipeline names, and no others. */
export function rootsOf(spec: PipelineSpec): Roots {
  const datasets = [
    spec.labeled,
    spec.validation,
    spec.unlabeledTruth,
    spec.labeledAgnostic,
    spec.validationAgnostic,
  ];
  const data = [
    ...datasets.flatMap((dataset) => (dataset === undefined ? [] : placesOf(dataset))),
    spec.unlabeled?.uri ?? '',
    spec.backboneUri,
  ].filter((address) => address !== '');
  return { data: [...new Set(data)], output: [spec.outputUri] };
}

/** Files are read through their folder. Without a folder of their own, segments lie beside the annotations. */
function placesOf({ annotationsUri, imagesUri, segmentsUri }: LabeledDataset): string[] {
  return [folderOfAddress(annotationsUri), imagesUri, segmentsUri];
}
