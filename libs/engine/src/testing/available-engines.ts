import type { EngineName } from '../engine.ts';
import { openEngine } from '../open-engine.ts';
import { silentLogger } from './silent-logger.ts';

/** The engines that open on this machine, of those asked for. */
export async function availableEngines(wanted: readonly EngineName[]): Promise<EngineName[]> {
  const found: EngineName[] = [];
  for (const engine of wanted) {
    const opened = await openEngine({ engine, logger: silentLogger }).catch(() => undefined);
    if (opened) found.push(engine);
  }
  return found;
}
