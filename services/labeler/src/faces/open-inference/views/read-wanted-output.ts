import { invalidArgument } from '@cassl/errors';
import type { Parameters } from '../read-parameters.ts';
import type { WantedOutput } from './model-view.ts';

const CLASSIFICATION = 'classification';

/** An output as a request names it. @throws INVALID_ARGUMENT naming the output and the parameter */
export function readWantedOutput(name: string, parameters: Parameters): WantedOutput {
  const classes = parameters.get(CLASSIFICATION);
  if (classes !== undefined && !(typeof classes === 'number' && Number.isInteger(classes) && classes >= 1))
    throw invalidArgument(
      `${name.slice(0, 100)}: parameters.${CLASSIFICATION} must be a whole number of at least 1, got ${String(classes).slice(0, 100)}`,
    );
  return { name, classes };
}
