import type { TrainingSample } from '@cassl/vision';
import type { Random } from '../random.ts';

/** What an augmentation may look at besides its sample. */
export interface AugmentContext {
  /** Share of the training that is done, 0..1: some policies grow stronger with it. */
  readonly progress: number;
  /** How many samples came before this one in the stream. */
  readonly earlierCount: number;
  /** The raw sample `steps` places earlier in the stream, 1..`earlierCount`. */
  readonly earlier: (steps: number) => Promise<TrainingSample>;
}

/** A pure function of the sample, the random stream and the context; never changes its input. */
export type Augmentation = (
  sample: TrainingSample,
  random: Random,
  context: AugmentContext,
) => TrainingSample | Promise<TrainingSample>;

/** A change of the picture alone; boxes and masks stay. */
export type PictureChange = (image: TrainingSample['image'], random: Random) => TrainingSample['image'];
