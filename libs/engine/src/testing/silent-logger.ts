import type { EngineLogger } from '../engine.ts';

export const silentLogger: EngineLogger = { info: () => undefined, warn: () => undefined };
