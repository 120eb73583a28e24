import type { ProcessGroup } from '@cassl/engine';

/** What a model needs of the processes that train it together. */
export type TrainingGroup = Pick<ProcessGroup, 'rank' | 'size' | 'allReduce' | 'startSum'>;
