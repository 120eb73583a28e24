import { NumpyArray } from './numpy-array.ts';
import { pthError } from './refusal.ts';
import { TensorReference } from './tensor-reference.ts';

type Dict = ReadonlyMap<unknown, unknown>;

export interface FoundState {
  readonly state: Dict;
  /** Keys from the root, joined by dots; empty for the root itself. */
  readonly key: string;
  readonly otherKeys: readonly string[];
}

/** Where trainers put weights among optimizer and epoch, the first that is there; `blobs` is Detectron1's, "" the root. */
const USUAL_KEYS = [
  'state_dict',
  'model',
  'model_state_dict',
  'module',
  'blobs',
  'net',
  'network',
  'weights',
  '',
  'model_ema',
  'ema_model',
  'ema',
  'state_dict_ema',
  'ema_state_dict',
  'teacher',
  'student',
];

/** Deeper than `{"state": {"ema": {"module": {…}}}}` nobody nests. */
const MAX_DEPTH = 4;
/** Moments of an optimizer have tensors too. */
const NO_WEIGHTS = /optim|scheduler|scaler|message_hub|rng/i;

/**
 * The dict of tensors in what a trainer saved: under `wanted`, or the first of the usual keys, or the only one there is.
 * @throws INVALID_ARGUMENT naming what there is instead
 */
export function findState(root: unknown, wanted?: string): FoundState {
  if (!(root instanceof Map)) throw pthError('it holds no dict of tensors');
  const found = dictsOfTensors(root, '', 0);
  const keys = found.map(({ key }) => key);
  const choice = wanted === undefined ? usual(found) : found.find(({ key }) => key === wanted);
  if (choice !== undefined) {
    return { ...choice, otherKeys: keys.filter((key) => key !== choice.key && !NO_WEIGHTS.test(key)) };
  }
  const where = keys.map((key) => key || 'its root').join(', ');
  if (wanted !== undefined)
    throw pthError(`it has no tensors under ${wanted}, only under ${where || 'nothing'}`);
  const names = [...root.keys()].filter((key) => typeof key === 'string').slice(0, 5);
  throw pthError(
    found.length === 0
      ? `it holds no tensors; its entries are ${names.join(', ') || 'none'}`
      : `it holds tensors in several places: ${where}; say which (cassl import --key)`,
  );
}

function usual(found: readonly { key: string; state: Dict }[]): { key: string; state: Dict } | undefined {
  const weights = found.filter(({ key }) => !NO_WEIGHTS.test(key));
  for (const wanted of USUAL_KEYS) {
    const inside = weights.filter(
      ({ key }) => key === wanted || (wanted !== '' && key.startsWith(`${wanted}.`)),
    );
    if (inside.length === 1) return inside[0];
    const exact = inside.find(({ key }) => key === wanted);
    if (exact !== undefined) return exact;
  }
  return weights.length === 1 ? weights[0] : undefined;
}

function dictsOfTensors(dict: Dict, path: string, depth: number): { key: string; state: Dict }[] {
  const own = [...dict.values()].some(isTensor) ? [{ key: path, state: dict }] : [];
  if (depth === MAX_DEPTH) return own;
  const inner = [...dict].flatMap(([name, value]) =>
    value instanceof Map && typeof name === 'string'
      ? dictsOfTensors(value, path === '' ? name : `${path}.${name}`, depth + 1)
      : [],
  );
  return [...own, ...inner];
}

function isTensor(value: unknown): boolean {
  return value instanceof TensorReference || value instanceof NumpyArray;
}
