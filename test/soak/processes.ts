import { sampleProcess, type ProcessSample } from './sample-process.ts';

/** One process from its start, or from when it was first seen, to its end. */
export interface Life {
  readonly name: string;
  readonly pid: number;
  readonly samples: ProcessSample[];
  /** From its first sample to its last. */
  minutes: number;
}

/** Keeps what every process holds, each life of a process on its own: one that was killed begins anew. */
export class ProcessLog {
  readonly lives = new Map<number, Life>();
  readonly #begun = new Map<number, number>();

  async sample(pids: Readonly<Record<string, readonly number[]>>): Promise<void> {
    for (const [name, own] of Object.entries(pids)) {
      for (const [index, pid] of own.entries()) {
        const sample = await sampleProcess(pid);
        if (sample === undefined) continue;
        const title = index === 0 ? name : `${name} worker`;
        const life = this.lives.get(pid) ?? { name: title, pid, samples: [], minutes: 0 };
        const begun = this.#begun.get(pid) ?? performance.now();
        this.#begun.set(pid, begun);
        this.lives.set(pid, life);
        life.samples.push(sample);
        life.minutes = (performance.now() - begun) / 60_000;
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
