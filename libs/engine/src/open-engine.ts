import * as tf from '@tensorflow/tfjs-core';
import { CasslError, failedPrecondition, invalidArgument } from '@cassl/errors';
import { openCpuEngine } from './cpu-engine.ts';
import {
  engineNames,
  type Engine,
  type EngineLogger,
  type EngineName,
  type EngineOptions,
} from './engine.ts';
import { registerGradients } from './register-gradients.ts';
import { openTensorflowEngine } from './tensorflow-engine.ts';
import { openTorchEngine } from './torch-engine.ts';
import { openWasmEngine } from './wasm-engine.ts';

const opened = new Map<string, Engine>();

const stderrLogger: EngineLogger = {
  info: (_fields, message) => process.stderr.write(`${message}\n`),
  warn: (_fields, message) => process.stderr.write(`${message}\n`),
};

/**
 * Opens the engine named by `engine` or `CASSL_ENGINE`, else the best one present (torch, tensorflow, wasm), and makes it
 * TensorFlow.js's backend. A second call with the same choice returns the same engine.
 *
 * @throws INVALID_ARGUMENT for an unknown name; FAILED_PRECONDITION when the named engine is not usable here, or when
 * `CASSL_REQUIRE_GPU=1` and the engine would run on the CPU.
 */
export async function openEngine(options: EngineOptions = {}): Promise<Engine> {
  const choice = options.engine ?? engineFromEnvironment();
  const device = options.device ?? process.env['CASSL_DEVICE'];
  const key = `${choice ?? 'best'} ${device ?? ''} ${options.threads ?? ''}`;
  let engine = opened.get(key);
  if (engine === undefined) {
    registerGradients();
    const logger = options.logger ?? stderrLogger;
    const settings = { ...(device && { device }), ...(options.threads && { threads: options.threads }) };
    engine = choice === undefined ? await openBest(settings, logger) : await open(choice, settings);
    requireGpu(engine);
    opened.set(key, engine);
    logEngine(engine, logger);
  }
  await engine.use();
  return engine;
}

interface Settings {
  readonly device?: string;
  readonly threads?: number;
}

async function openBest(settings: Settings, logger: EngineLogger): Promise<Engine> {
  const reasons: Record<string, string> = {};
  for (const name of ['torch', 'tensorflow', 'wasm'] as const) {
    try {
      const engine = await open(name, settings);
      if (!engine.native) {
        const message = `engine: ${name} trains about five times slower than a native engine on the same cores, and uses no GPU; run \`make setup\` to get libtorch, \`cassl doctor\` to see what is missing`;
        logger.warn({ reasons }, message);
      }
      return engine;
    } catch (error) {
      reasons[name] = error instanceof Error ? error.message : String(error);
    }
  }
  throw failedPrecondition(`no engine opens here: ${JSON.stringify(reasons)}`);
}

async function open(name: EngineName, settings: Settings): Promise<Engine> {
  try {
    switch (name) {
      case 'torch':
        return await openTorchEngine(settings);
      case 'tensorflow':
        return openTensorflowEngine();
      case 'wasm':
        return await openWasmEngine(settings);
      case 'cpu':
        return await openCpuEngine();
    }
  } catch (error) {
    if (error instanceof CasslError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw failedPrecondition(`engine '${name}' does not open: ${reason}`, { cause: error });
  }
}

function engineFromEnvironment(): EngineName | undefined {
  const name = process.env['CASSL_ENGINE'];
  if (name === undefined || name === '') return undefined;
  const known = engineNames.find((candidate) => candidate === name);
  if (known === undefined) {
    throw invalidArgument(`CASSL_ENGINE must be one of ${engineNames.join(', ')}, got '${name}'`);
  }
  return known;
}

function requireGpu(engine: Engine): void {
  if (process.env['CASSL_REQUIRE_GPU'] !== '1' || engine.device.startsWith('cuda')) return;
  throw failedPrecondition(
    `CASSL_REQUIRE_GPU=1, but engine '${engine.name}' (${engine.version}) would run on ${engine.device}`,
  );
}

function logEngine(engine: Engine, logger: EngineLogger): void {
  const { name, device, version, threads } = engine;
  const fields = {
    engine: name,
    device,
    version,
    threads,
    tfjs: tf.version_core,
    node: process.versions.node,
  };
  logger.info(
    fields,
    `engine: ${name} on ${device}, ${version}, ${threads} threads, tfjs-core ${tf.version_core}, Node ${process.versions.node}`,
  );
}
