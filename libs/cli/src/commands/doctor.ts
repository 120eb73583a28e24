import type { Command } from 'commander';
import type { EngineDiagnosis } from '@cassl/engine';

/** `cassl doctor`: which engines are here, how fast they are, and how to get those that are not. */
export function register(program: Command): void {
  program
    .command('doctor')
    .description(
      'Show the compute engines of this machine, their speed, and what is missing and how to get it.',
    )
    .option('--json', 'print one JSON object', false)
    .action(async ({ json }: { json: boolean }) => {
      const { diagnoseEngines, hasGpu } = await import('@cassl/engine');
      const { availableParallelism, totalmem } = await import('node:os');
      const { checkMachine } = await import('../doctor/machine-checks.ts');
      const { checkClone } = await import('../doctor/clone-checks.ts');
      const checks = [...checkMachine(), ...checkClone()];
      const engines = await diagnoseEngines();
      const machine = {
        node: process.versions.node,
        platform: `${process.platform}-${process.arch}`,
        cores: availableParallelism(),
        memoryGiB: Math.round(totalmem() / 2 ** 30),
        gpu: hasGpu(),
      };
      const best = engines.find(({ usable }) => usable)?.engine;
      if (json) {
        return console.log(
          JSON.stringify({ machine, checks, engines, best, advice: advise(engines, machine.gpu) }),
        );
      }
      print(machine, engines, best);
      console.log();
      for (const { name, ok, detail, fix } of checks) {
        console.log(`${ok ? '✓' : '✗'} ${name.padEnd(12)} ${detail}${fix === '' ? '' : `\n  → ${fix}`}`);
      }
    });
}

function print(machine: Machine, engines: readonly EngineDiagnosis[], best: string | undefined): void {
  const gpu = machine.gpu ? 'an NVIDIA GPU' : 'no NVIDIA GPU';
  console.log(
    `Node ${machine.node} on ${machine.platform}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${gpu}\n`,
  );
  for (const { engine, usable, version, device, threads, trainingGflops, missing } of engines) {
    const mark = usable ? (engine === best ? '→' : '✓') : '✗';
    const facts = usable
      ? `${version} on ${device}, ${threads} threads, ${trainingGflops?.toFixed(1)} GFLOP/s in training`
      : missing;
    console.log(`${mark} ${engine.padEnd(11)} ${facts}`);
  }
  console.log();
  for (const line of advise(engines, machine.gpu)) console.log(line);
}

interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly gpu: boolean;
}

function advise(engines: readonly EngineDiagnosis[], gpu: boolean): string[] {
  const torch = engines.find(({ engine }) => engine === 'torch');
  if (!torch?.usable) {
    return [
      'For about five times the training speed of wasm: `make setup` installs libtorch (apt) and builds the torch engine.',
      'With a PyTorch 2 wheel instead: TORCH_DIR=$(python3 -c "import torch, os; print(os.path.dirname(torch.__file__))") make setup',
    ];
  }
  if (gpu && !torch.device?.startsWith('cuda')) {
    return [
      'There is a GPU, but libtorch is a CPU build: set TORCH_DIR to the torch folder of a CUDA PyTorch, then `make setup`.',
    ];
  }
  return ['Everything that makes training fast here is in place.'];
}
