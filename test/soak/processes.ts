import { sampleProcess, type ProcessSample } from './sample-process.ts';

/** One process from its start, or from when it was first seen, to its end. */
export interface Life {
  readonly name: string;
  readonly pid: number;
  readonly samples: ProcessSample[];
}

/** Keeps what every process holds, each life of a process on its own: one that was killed begins anew. */
export class ProcessLog {
  readonly lives = new Map<number, Life>();

  async sample(pids: Readonly<Record<string, readonly number[]>>): Promise<void> {
    for (const [name, own] of Object.entries(pids)) {
      for (const [index, pid] of own.entries()) {
        const sample = await sampleProcess(pid);
        if (sample === undefined) continue;
        const life = this.lives.get(pid) ?? { name: index === 0 ? name : `${name} worker`, pid, samples: [] };
        this.lives.set(pid, life);
        life.samples.push(sample);
      }
    }
  }

  /** The longest life of each name. */
  longest(): Life[] {
    const byName = new Map<string, Life>();
    for (const life of this.lives.values()) {
      const known = byName.get(life.name);
      if (known === undefined || known.samples.length < life.samples.length) byName.set(life.name, life);
    }
    return [...byName.values()];
  }
}
