/** Two-sided 95 % quantiles of Student's t for 1 to 30 degrees of freedom (scipy.stats.t.ppf(0.975, df)). */
const T_95 = [
  12.7062047, 4.3026527, 3.1824463, 2.7764451, 2.5705818, 2.4469119, 2.3646243, 2.3060041, 2.2621572,
  2.2281389, 2.2009852, 2.1788128, 2.1603687, 2.1447867, 2.1314495, 2.1199053, 2.1098156, 2.100922, 2.0930241,
  2.0859634, 2.0796138, 2.0738731, 2.0686576, 2.0638986, 2.0595386, 2.0555294, 2.0518305, 2.0484071,
  2.0452296, 2.0422725,
] as const;

/** Two-sided 95 % quantile of Student's t; beyond the table the first terms of its expansion about the normal one, good to 1e-4. */
export function studentQuantile95(degreesOfFreedom: number): number {
  const known = T_95[degreesOfFreedom - 1];
  if (known !== undefined) return known;
  const z = 1.959963985;
  const n = degreesOfFreedom;
  return z + (z ** 3 + z) / (4 * n) + (5 * z ** 5 + 16 * z ** 3 + 3 * z) / (96 * n ** 2);
}

export interface MeanAndSpread {
  readonly mean: number;
  /** Sample standard deviation; 0 for one value. */
  readonly std: number;
}

export function meanAndSpread(values: readonly number[]): MeanAndSpread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, std: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
}

/** The 95 % interval of the mean of paired differences; of fewer than two it is all numbers. */
export function pairedInterval(differences: readonly number[]): readonly [number, number] {
  const count = differences.length;
  if (count < 2) return [-Infinity, Infinity];
  const { mean, std } = meanAndSpread(differences);
  const half = (studentQuantile95(count - 1) * std) / Math.sqrt(count);
  return [mean - half, mean + half];
}
