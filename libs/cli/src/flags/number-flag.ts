import { InvalidArgumentError } from 'commander';

export interface NumberBounds {
  /** @default -Infinity */
  readonly least?: number;
  /** The bound itself is out: a share that proves something lies above 0. @default false */
  readonly aboveLeast?: boolean;
  /** @default Infinity */
  readonly most?: number;
  /** The bound itself is out: thresholds lie below 1. @default false */
  readonly belowMost?: boolean;
  /** @default false */
  readonly isWhole?: boolean;
}

/** A parser of finite numbers for commander: it names flag and value, this names what is wrong, and the command ends with 2. */
export function numberFlag(bounds: NumberBounds = {}): (text: string) => number {
  const { least = -Infinity, most = Infinity, belowMost = false, isWhole = false } = bounds;
  const { aboveLeast = false } = bounds;
  return (text) => {
    const number = text.trim() === '' ? NaN : Number(text);
    const isIn =
      (aboveLeast ? number > least : number >= least) && (belowMost ? number < most : number <= most);
    if (Number.isFinite(number) && isIn && (!isWhole || Number.isSafeInteger(number))) return number;
    throw new InvalidArgumentError(`It must be ${wanted(bounds)}.`);
  };
}

/** A whole number, from `least` to `most`. */
export function wholeFlag(least = 0, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return numberFlag({ least, most, isWhole: true });
}

/** A score threshold: strictly above it counts, so that 1 would leave nothing. */
export const thresholdFlag = numberFlag({ least: 0, most: 1, belowMost: true });

/** A part of a whole that is some part: in (0, 1]. */
export const shareFlag = numberFlag({ least: 0, most: 1, aboveLeast: true });

function wanted({ least, most, aboveLeast, belowMost, isWhole }: NumberBounds): string {
  const what = isWhole === true ? 'a whole number' : 'a number';
  if (least !== undefined && most !== undefined && most < Number.MAX_SAFE_INTEGER) {
    return `${what} ${aboveLeast === true ? 'above' : 'from'} ${least} to ${belowMost === true ? 'below ' : ''}${most}`;
  }
  return least === undefined ? what : `${what}, at least ${least}`;
}
