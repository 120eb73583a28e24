import { invertAffine, type Affine } from './warp-affine.ts';

// Each gives the output-to-input map that moves the picture's content as its name says.

/** Moves the content right by `x` and down by `y` pixels. */
export function translation(x: number, y: number): Affine {
  return [1, 0, -x, 0, 1, -y];
}

/** Turns the content clockwise by `degrees` about a point. */
export function rotation(degrees: number, centerX: number, centerY: number): Affine {
  const radians = (degrees * Math.PI) / 180;
  return about(
    [Math.cos(radians), -Math.sin(radians), 0, Math.sin(radians), Math.cos(radians), 0],
    centerX,
    centerY,
  );
}

/** x moves by `amount` times the distance from the point in y; about the left top corner by default. */
export function shearX(amount: number, centerX = 0, centerY = 0): Affine {
  return about([1, amount, 0, 0, 1, 0], centerX, centerY);
}

/** y moves by `amount` times the distance from the point in x; about the left top corner by default. */
export function shearY(amount: number, centerX = 0, centerY = 0): Affine {
  return about([1, 0, 0, amount, 1, 0], centerX, centerY);
}

/** Mirrors left and right about the point. */
export function mirror(centerX: number): Affine {
  return [-1, 0, 2 * centerX, 0, 1, 0];
}

/** The output-to-input map of a forward map that leaves the point where it is. */
function about([a, b, , d, e]: Affine, x: number, y: number): Affine {
  return invertAffine([a, b, x - a * x - b * y, d, e, y - d * x - e * y]);
}
