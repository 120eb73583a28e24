import { closeSync, constants, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { errorMessage, invalidArgument } from '@cassl/errors';

/** A part of a POSIX shared memory object that a client on this machine has made, as it registered it. */
export interface RegionSpec {
  readonly name: string;
  /** Of the object, with or without a leading slash. */
  readonly key: string;
  /** Where the region begins in the object, in bytes. */
  readonly offset: number;
  readonly byteSize: number;
}

export interface OpenRegion {
  readonly spec: RegionSpec;
  /** @throws INVALID_ARGUMENT outside of the region, or where the object has shrunk */
  read(offset: number, byteSize: number): Buffer;
  write(offset: number, bytes: Uint8Array): void;
  close(): void;
}

/** Where Linux keeps POSIX shared memory. */
const FOLDER = '/dev/shm';
const KEY = /^\/?(?!\.)[\w.-]{1,200}$/;
const MAX_REGION_BYTES = 2 ** 30;

/**
 * Opens the object through its file and not by mapping it: a client that shrinks it later gets an error, and not this process a SIGBUS.
 * @throws INVALID_ARGUMENT naming the field; NOT_FOUND is INVALID_ARGUMENT too, as at Triton
 */
export function openRegion(spec: RegionSpec): OpenRegion {
  const { name, key, offset, byteSize } = spec;
  if (!KEY.test(key)) throw invalidArgument(`key must match ${KEY.source}, got ${show(key)}`);
  checkWhole('offset', offset, 0, Number.MAX_SAFE_INTEGER);
  checkWhole('byte_size', byteSize, 1, MAX_REGION_BYTES);
  const file = openObject(key);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile() || offset + byteSize > stat.size)
      throw invalidArgument(
        `region ${show(name)}: offset + byte_size must be at most ${stat.size}, the size of ${show(key)}, got ${offset} + ${byteSize}`,
      );
  } catch (error) {
    closeSync(file);
    throw error;
  }
  const check = (at: number, length: number): void => {
    const isInside = Number.isSafeInteger(at) && at >= 0 && Number.isSafeInteger(length) && length >= 0;
    if (!isInside || at + length > byteSize)
      throw invalidArgument(
        `region ${show(name)}: offset ${at} and ${length} bytes do not lie within its ${byteSize} bytes`,
      );
  };
  return {
    spec,
    read(at, length) {
      check(at, length);
      const bytes = Buffer.allocUnsafe(length);
      if (readSync(file, bytes, 0, length, offset + at) !== length)
        throw invalidArgument(`region ${show(name)}: ${show(key)} has become smaller than it was registered`);
      return bytes;
    },
    write(at, bytes) {
      check(at, bytes.length);
      writeSync(file, bytes, 0, bytes.length, offset + at);
    },
    close: () => closeSync(file),
  };
}

function openObject(key: string): number {
  try {
    // Neither followed nor waited for: the folder belongs to everybody on the machine.
    const flags = constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    return openSync(join(FOLDER, key.replace(/^\//, '')), flags);
  } catch (error) {
    throw invalidArgument(
      `key ${show(key)}: no shared memory of that name can be opened: ${errorMessage(error)}`,
    );
  }
}

function checkWhole(field: string, value: number, low: number, high: number): void {
  if (!Number.isSafeInteger(value) || value < low || value > high)
    throw invalidArgument(`${field} must be a whole number in [${low}, ${high}], got ${value}`);
}

export function show(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
