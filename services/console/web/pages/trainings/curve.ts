import type { TrainingPoint } from '@cassl/proto';
import type { Json } from '../../json.ts';

/** Columns of one curve, all as long as `x`; NaN where a point lacks the value. */
export interface Columns {
  readonly x: readonly number[];
  readonly values: ReadonlyMap<string, readonly number[]>;
}

/** The curve of one run, which grows point by point; 10^5 of them are appended without copying. */
export class Curve implements Columns {
  readonly x: number[] = [];
  readonly values = new Map<string, number[]>();

  /** A run that resumed goes on from an earlier step: what was beyond it is gone. */
  add(points: readonly Json<TrainingPoint>[]): void {
    for (const { iteration, learningRate, losses, imagesPerSecond } of points) {
      while (this.x.length > 0 && (this.x.at(-1) ?? 0) >= iteration) this.#pop();
      this.#push(iteration, {
        ...prefixed(losses),
        'learning rate': learningRate,
        'images/s': imagesPerSecond,
      });
    }
  }

  #push(iteration: number, values: Readonly<Record<string, number>>): void {
    for (const [name, value] of Object.entries(values)) this.#column(name).push(value);
    this.x.push(iteration);
    for (const column of this.values.values()) if (column.length < this.x.length) column.push(NaN);
  }

  #pop(): void {
    this.x.pop();
    for (const column of this.values.values()) column.pop();
  }

  #column(name: string): number[] {
    const known = this.values.get(name);
    if (known !== undefined) return known;
    const column = this.x.map(() => NaN);
    this.values.set(name, column);
    return column;
  }
}

function prefixed(losses: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(losses).map(([name, value]) => [`loss/${name}`, value]));
}
