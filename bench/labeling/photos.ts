import { readdir } from 'node:fs/promises';
import type { DetectorConfig } from '@cassl/detector';

/** What both programs of {@link compareWithPython} are told. */
export interface LabelPhotos {
  readonly config: DetectorConfig;
  /** Safetensors by AdelaiDet name. */
  readonly weights: string;
  readonly folder: string;
  readonly images: number;
  readonly shortSide: number;
  readonly longSide: number;
  readonly batch: number;
  readonly masks: number;
  readonly threads: number;
}

export interface PhotosLabeled {
  readonly seconds: number;
  /** Of all threads and child processes. */
  readonly cpuSeconds: number;
  readonly images: number;
  readonly masksPerImage: number;
}

/** Names of the photos of a folder, in order. */
export async function photosOf(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.jpg')).sort();
}
