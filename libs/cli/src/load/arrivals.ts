import { createRandom } from '@cassl/datasets';

/** Milliseconds at which requests are due, from 0 on: a Poisson process, the same for the same seed whatever the server does. */
export function* arrivals(perSecond: number, seed: number): Generator<number, never> {
  const random = createRandom('arrivals', seed);
  for (let at = 0; ;) {
    at += (-Math.log(1 - random.next()) * 1000) / perSecond;
    yield at;
  }
}
