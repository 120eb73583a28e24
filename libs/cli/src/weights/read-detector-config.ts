import type { DetectorConfig, DetectorConfigInput } from '@cassl/detector';
import { invalidArgument, notFound } from '@cassl/errors';

/**
 * A detector's configuration of a preset's name, or of a YAML or JSON file, with some fields changed.
 * @throws NOT_FOUND where it is neither, INVALID_ARGUMENT for fields that are wrong
 */
export async function readDetectorConfig(
  source: string | undefined,
  changes: DetectorConfigInput,
): Promise<DetectorConfig> {
  const { DETECTOR_PRESETS, detectorPreset, parseDetectorConfig } = await import('@cassl/detector');
  if (source === undefined) return parseDetectorConfig({ masks: false, ...changes });
  const preset = DETECTOR_PRESETS.find((name) => name === source);
  if (preset !== undefined) return detectorPreset(preset, changes);
  return parseDetectorConfig({ ...(await readFields(source)), ...changes });
}

async function readFields(path: string): Promise<object> {
  const { readFile } = await import('node:fs/promises');
  const { parse } = await import('yaml');
  const { DETECTOR_PRESETS } = await import('@cassl/detector');
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw notFound(`${path} is neither a readable file nor a preset (${DETECTOR_PRESETS.join(', ')})`, {
      cause,
    });
  });
  let fields: unknown;
  try {
    fields = parse(text);
  } catch (cause) {
    throw invalidArgument(`${path} is not YAML or JSON: ${(cause as Error).message.split('\n')[0]}`, {
      cause,
    });
  }
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw invalidArgument(`${path} must hold DetectorConfig fields`);
  return fields;
}
