import { invalidArgument } from '@cassl/errors';

const REFUSED: readonly (readonly [prefix: string, why: string])[] = [
  ['classification', 'the outputs are detections, not scores of classes'],
];

/** What a tensor of a request asks for and does not get. @throws INVALID_ARGUMENT naming the tensor and the parameter */
export function refuseParameters(tensor: string, parameters: readonly string[]): void {
  for (const [prefix, why] of REFUSED) {
    const asked = parameters.find((name) => name.startsWith(prefix));
    if (asked !== undefined) throw invalidArgument(`${tensor.slice(0, 100)}: parameters.${asked}: ${why}`);
  }
}
