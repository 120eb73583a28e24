import {
  CasslError,
  failedPrecondition,
  invalidArgument,
  notFound,
  resourceExhausted,
  unimplemented,
} from '@cassl/errors';
import type { ParameterValue, Parameters } from '../read-parameters.ts';
import { openRegion, show, type OpenRegion, type RegionSpec } from './open-region.ts';

/** Where a tensor lies instead of in the message. */
export interface RegionPlace {
  readonly region: string;
  readonly offset: number;
  /** Of a tensor that is asked for: what there is room for. */
  readonly byteSize: number;
  read(): Buffer;
  /** @throws INVALID_ARGUMENT where `bytes` are more than `byteSize` */
  write(bytes: Uint8Array): void;
}

/** The shared memory that clients on this machine have registered. */
export interface SharedRegions {
  readonly isAllowed: boolean;
  /** @throws FAILED_PRECONDITION where it is not allowed; ALREADY_EXISTS, INVALID_ARGUMENT, RESOURCE_EXHAUSTED */
  register(spec: RegionSpec): void;
  /** One, or with an empty name all; one that is not there is no error, as at Triton. */
  unregister(name: string): void;
  /** One, or with an empty name all. @throws NOT_FOUND */
  list(name: string): readonly RegionSpec[];
  /** What the `shared_memory_…` parameters of `tensor` mean; undefined where it has none. @throws INVALID_ARGUMENT */
  placeOf(tensor: string, parameters: Parameters): RegionPlace | undefined;
  close(): void;
}

const MAX_REGIONS = 256;
const PREFIX = 'shared_memory_';
const DISABLED = 'shared memory is disabled here (CASSL_SHARED_MEMORY)';

export function openRegions(isAllowed = false): SharedRegions {
  const regions = new Map<string, OpenRegion>();
  const unregister = (name: string): void => {
    for (const known of name === '' ? [...regions.keys()] : [name]) {
      regions.get(known)?.close();
      regions.delete(known);
    }
  };
  return {
    isAllowed,
    register(spec) {
      const { name } = spec;
      if (!isAllowed)
        throw failedPrecondition(`region ${show(name)}: ${DISABLED}; send tensors in the request`);
      if (name === '') throw invalidArgument('name is empty');
      if (regions.has(name))
        throw new CasslError('ALREADY_EXISTS', `region ${show(name)} is registered; unregister it first`);
      if (regions.size >= MAX_REGIONS)
        throw resourceExhausted(
          `region ${show(name)}: ${MAX_REGIONS} regions are registered, which is the most`,
        );
      regions.set(name, openRegion(spec));
    },
    unregister,
    list(name) {
      if (name === '') return [...regions.values()].map(({ spec }) => spec);
      const region = regions.get(name);
      if (region === undefined) throw notFound(`region ${show(name)} is not registered`);
      return [region.spec];
    },
    placeOf(tensor, parameters) {
      const asked = [...parameters.keys()].find((key) => key.startsWith('shared_memory'));
      if (asked === undefined) return undefined;
      const field = `${tensor.slice(0, 100)}: parameters.`;
      if (!isAllowed) throw invalidArgument(`${field}${asked}: ${DISABLED}`);
      const name = parameters.get(`${PREFIX}region`);
      const region = typeof name === 'string' ? regions.get(name) : undefined;
      if (region === undefined)
        throw invalidArgument(`${field}${PREFIX}region: ${show(String(name))} is not registered`);
      const offset = readNumber(field, `${PREFIX}offset`, parameters.get(`${PREFIX}offset`) ?? 0);
      const byteSize = readNumber(field, `${PREFIX}byte_size`, parameters.get(`${PREFIX}byte_size`));
      return {
        region: region.spec.name,
        offset,
        byteSize,
        read: () => region.read(offset, byteSize),
        write(bytes) {
          if (bytes.length > byteSize)
            throw invalidArgument(
              `${field}${PREFIX}byte_size: the output has ${bytes.length} bytes, there is room for ${byteSize}`,
            );
          region.write(offset, bytes);
        },
      };
    },
    close: () => unregister(''),
  };
}

/** Where none is allowed. */
export const NO_REGIONS = openRegions();

/** Registering CUDA's memory, which `call` or an address asks for. */
export function noCuda(call: string): CasslError {
  return unimplemented(
    `${call}: CUDA's shared memory is not offered; send tensors in the request or by system shared memory`,
  );
}

/** What an answer says of an output that lies in a region. */
export function parametersOf(
  { region, offset }: RegionPlace,
  byteSize: number,
): Record<string, ParameterValue> {
  return {
    [`${PREFIX}region`]: region,
    [`${PREFIX}byte_size`]: byteSize,
    ...(offset === 0 ? {} : { [`${PREFIX}offset`]: offset }),
  };
}

function readNumber(field: string, name: string, value: ParameterValue | undefined): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw invalidArgument(`${field}${name} must be a whole number of at least 0, got ${String(value)}`);
}
