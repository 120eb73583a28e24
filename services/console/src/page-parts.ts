import type { DetectionSets } from './label-sets/detection-sets.ts';
import type { ImageSets } from './label-sets/image-sets.ts';
import type { Platform } from './platform.ts';
import type { Thumbnails } from './thumbnails/thumbnails.ts';

/** What the pages are made from. */
export interface PageParts {
  readonly platform: Platform;
  readonly imageSets: ImageSets;
  readonly detectionSets: DetectionSets;
  readonly thumbnails: Thumbnails;
  /** Of the registry's HTTP views, as users reach them. */
  readonly registryHttpUrl: string;
  readonly logsDir: string | undefined;
  /** Where `cassl experiment` writes its records. */
  readonly experimentsDir: string | undefined;
  /** Ends the streams. */
  readonly stopping: AbortSignal;
}
