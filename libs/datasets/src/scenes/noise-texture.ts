import type { Random } from '../random.ts';

/** One value in [0, 1] per pixel, row-major. */
export type Texture = Float32Array;

export interface NoiseOptions {
  readonly size: number;
  /** Lattice cells along x and y of the coarsest octave. */
  readonly cellsX: number;
  readonly cellsY: number;
  readonly octaves: number;
}

/** Value noise: random lattices, bilinearly interpolated, each octave twice as fine and half as strong. */
export function noiseTexture(random: Random, { size, cellsX, cellsY, octaves }: NoiseOptions): Texture {
  const texture = new Float32Array(size * size);
  let total = 0;
  for (let octave = 0, weight = 1; octave < octaves; octave++, weight /= 2) {
    addLattice(texture, size, cellsX << octave, cellsY << octave, weight, random);
    total += weight;
  }
  for (let i = 0; i < texture.length; i++) texture[i]! /= total;
  return texture;
}

function addLattice(
  texture: Texture,
  size: number,
  cellsX: number,
  cellsY: number,
  weight: number,
  random: Random,
): void {
  const stride = cellsX + 2;
  const lattice = Float32Array.from({ length: stride * (cellsY + 2) }, () => random.next());
  for (let y = 0; y < size; y++) {
    const v = (y * cellsY) / size;
    const row = Math.floor(v);
    const fy = v - row;
    for (let x = 0; x < size; x++) {
      const u = (x * cellsX) / size;
      const column = Math.floor(u);
      const fx = u - column;
      const at = row * stride + column;
      const top = lattice[at]! * (1 - fx) + lattice[at + 1]! * fx;
      const bottom = lattice[at + stride]! * (1 - fx) + lattice[at + stride + 1]! * fx;
      texture[y * size + x]! += weight * (top * (1 - fy) + bottom * fy);
    }
  }
}
