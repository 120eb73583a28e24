/** What a worker shall do: its job file and all else lie in `folder`, which the place where it runs can read and write. */
export interface Task {
  /** Which program: `training` or `evaluation`. */
  readonly kind: string;
  /** The job's id; starting it again where it runs adopts it. */
  readonly id: string;
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
  /** GPUs of each node. @default what the place's template says */
  readonly gpus?: number;
  /** Machines; above 1 each gets its rank in its environment, see `rankEnvironment`. @default 1 */
  readonly nodes?: number;
  /**
   * What the worker reports. After an adoption, and after Kubernetes replaced a pod, messages come again from the first one
   * that the log still has: they must be safe to repeat.
   */
  readonly onMessage: (message: unknown) => void;
  /** What the work waits for or went through, in words for people: "no node has a free nvidia.com/gpu …". */
  readonly onNews?: (news: string) => void;
}

/** How work ended. */
export interface WorkEnd {
  /** `lost`: taken away from outside, for example by deleting its Job. */
  readonly outcome: 'succeeded' | 'failed' | 'stopped' | 'lost';
  /** Why, and what to change; empty where it succeeded. */
  readonly reason: string;
}

/** Work that runs, here or elsewhere. */
export interface Work {
  /** Process id, or name of the Job. */
  readonly name: string;
  readonly ended: Promise<WorkEnd>;
  /** SIGTERM, and SIGKILL after the place's grace; resolves when nothing of it runs any more. */
  stop(): Promise<WorkEnd>;
  /** What it printed last, oldest first. */
  lastLines(count: number): Promise<readonly string[]>;
  /** Leaves it running, for another leader to adopt; a child process is stopped, since it would die with this one. */
  leave(): Promise<void>;
}

/** Where work runs: child processes of this one, or Kubernetes Jobs. */
export interface WorkPlace {
  /** @throws FAILED_PRECONDITION where the place cannot run such a task, UNAVAILABLE where it does not answer */
  start(task: Task): Promise<Work>;
  /** Ids of the kind's jobs that run here, also those that an earlier process started. */
  running(kind: string): Promise<readonly string[]>;
  /** Ends what runs under this id, whoever started it; resolves when it is gone. */
  end(kind: string, id: string): Promise<void>;
  close(): Promise<void>;
}
