import type { InferMetadata } from '@cassl/inference';
import type { Outcome } from './views/model-view.ts';
import type { ParameterValue } from './read-parameters.ts';

/** Which checkpoint answered and how; of several images the largest batch, the longest times. Whole numbers are microseconds. */
export function answerParameters(outcomes: readonly Outcome[]): Record<string, ParameterValue> {
  const answers = outcomes.flatMap((outcome) => ('answer' in outcome ? [outcome.answer] : []));
  const [first] = answers;
  if (first === undefined) return {};
  const most = (read: (metadata: InferMetadata) => number): number =>
    Math.max(...answers.map(({ metadata }) => read(metadata)));
  const microseconds = (read: (metadata: InferMetadata) => number): number => Math.round(most(read) * 1000);
  return {
    checkpoint_digest: first.model.digest,
    batch_size: most(({ batchSize }) => batchSize),
    queue_us: microseconds(({ queueMs }) => queueMs),
    input_us: microseconds(({ inputMs }) => inputMs),
    compute_us: microseconds(({ computeMs }) => computeMs),
    output_us: microseconds(({ outputMs }) => outputMs),
    // As text: some clients know no fractions.
    padding_waste: most(({ paddingWaste }) => paddingWaste).toFixed(4),
  };
}
