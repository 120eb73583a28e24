import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { RgbImage } from './types.ts';

/** What mozjpeg's WebAssembly build gives. */
interface Decoder {
  decode(bytes: Uint8Array, preserveOrientation: boolean): { data: Uint8ClampedArray } | null;
}

type DecoderFactory = (options: {
  noInitialRun: boolean;
  instantiateWasm: (imports: WebAssembly.Imports, done: (instance: WebAssembly.Instance) => void) => object;
  printErr: (warning: string) => void;
}) => Promise<Decoder>;

const { resolve } = createRequire(import.meta.url);
let parts: Promise<{ readonly make: DecoderFactory; readonly code: WebAssembly.Module }> | undefined;
let decoder: Decoder | undefined;
let warnings = 0;

/**
 * A small picture at once, without a thread: opening a pipeline of libvips takes ten times as long as decoding 10 KB. The decoder is the
 * one that libvips has, mozjpeg, so every bit is the same.
 * @param bytes of which `readPlainJpegHeader` said that they are simple
 * @returns undefined where anything about the data is unusual, which libvips then names
 */
export async function decodeSmallJpeg(
  bytes: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
): Promise<RgbImage | undefined> {
  decoder ??= await open();
  const before = warnings;
  try {
    const pixels = decoder.decode(bytes, false)?.data;
    if (pixels?.length !== width * height * 4 || warnings > before) return undefined;
    return { width, height, data: withoutAlpha(pixels) };
  } catch {
    // Its heap is in no known state now.
    decoder = undefined;
    return undefined;
  }
}

async function open(): Promise<Decoder> {
  parts ??= load();
  const { make, code } = await parts;
  return make({
    noInitialRun: true,
    instantiateWasm: (imports, done) => {
      const instance = new WebAssembly.Instance(code, imports);
      done(instance);
      return instance.exports;
    },
    printErr: () => void warnings++,
  });
}

async function load(): Promise<{ readonly make: DecoderFactory; readonly code: WebAssembly.Module }> {
  const wasm = await readFile(resolve('@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm'));
  // Its own types are for browsers.
  const { default: make } = (await import('@jsquash/jpeg/codec/dec/mozjpeg_dec.js')) as unknown as {
    readonly default: DecoderFactory;
  };
  return { make, code: new WebAssembly.Module(wasm) };
}

function withoutAlpha(pixels: Uint8ClampedArray): Uint8Array {
  const data = new Uint8Array((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    data[to] = pixels[from] as number;
    data[to + 1] = pixels[from + 1] as number;
    data[to + 2] = pixels[from + 2] as number;
  }
  return data;
}
