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
  /** Columns by the loss's own name: a name made for each of 10^5 points takes longer than all the rest. */
  readonly #losses = new Map<string, number[]>();

  /** A run that resumed goes on from an earlier step: what was beyond it is gone. */
  add(points: readonly Json<TrainingPoint>[]): void {
    for (const { iteration, learningRate, losses, imagesPerSecond } of points) {
      while (this.x.length > 0 && (this.x.at(-1) ?? 0) >= iteration) this.#pop();
      for (const name in losses) this.#lossColumn(name).push(losses[name] ?? NaN);
      this.#column('learning rate').push(learningRate);
      this.#column('images/s').push(imagesPerSecond);
      this.x.push(iteration);
      for (const column of this.values.values()) if (column.length < this.x.length) column.push(NaN);
    }
  }

  #pop(): void {
    this.x.pop();
    for (const column of this.values.values()) column.pop();
  }

  #lossColumn(name: string): number[] {
    const known = this.#losses.get(name) ?? this.#column(`loss/${name}`);
    this.#losses.set(name, known);
    return known;
  }

  #column(name: string): number[] {
    const known = this.values.get(name) ?? this.x.map(() => NaN);
    this.values.set(name, known);
    return known;
  }
}
