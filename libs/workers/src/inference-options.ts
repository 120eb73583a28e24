/** Which detections to keep; every field filled. */
export interface InferenceOptions {
  /** Strict. */
  readonly threshold: number;
  readonly maxDetections: number;
  readonly masks: boolean;
  /** Every pixel to its best-scored mask, as entities are. */
  readonly nonOverlap: boolean;
}

/** What a request that names nothing gets, online, in jobs and in evaluations: a detector's own floor, and as many as COCO counts. */
export const USUAL_OPTIONS: InferenceOptions = {
  threshold: 0.05,
  maxDetections: 100,
  masks: true,
  nonOverlap: false,
};

/** More detections an image than anybody may ask for are refused. */
export const MOST_DETECTIONS = 1000;

/** Images of one forward pass where nobody says. */
export const USUAL_BATCH = 8;
