import { MultiBar, Presets, type SingleBar } from 'cli-progress';
import { duration } from '../output/duration.ts';
import { JobState, type JobStatus, type Pipeline, type PipelineStage } from '@cassl/proto';

export interface ProgressDisplay {
  show(pipeline: Pipeline): void;
  end(): void;
}

/** Bars on a terminal, otherwise a line when a stage starts, every ten seconds, and when it ends. */
export function createProgressDisplay(stream: NodeJS.WriteStream = process.stderr): ProgressDisplay {
  return stream.isTTY ? bars(stream) : lines(stream);
}

function bars(stream: NodeJS.WriteStream): ProgressDisplay {
  const multi = new MultiBar(
    {
      stream,
      clearOnComplete: false,
      hideCursor: true,
      format: '{name} {bar} {percentage}% {note}',
      barsize: 28,
    },
    Presets.shades_classic,
  );
  const known = new Map<string, SingleBar>();
  return {
    show({ stages }) {
      for (const stage of stages) {
        const { done, total } = amounts(stage.status);
        const payload = { name: stage.name.padEnd(28), note: note(stage) };
        let bar = known.get(stage.name);
        if (bar === undefined) known.set(stage.name, (bar = multi.create(total, 0, payload)));
        bar.setTotal(total);
        bar.update(done, payload);
      }
    },
    end: () => multi.stop(),
  };
}

const LINE_EVERY_MS = 10_000;

function lines(stream: NodeJS.WriteStream): ProgressDisplay {
  const shown = new Map<string, { state: JobState; at: number }>();
  return {
    show({ stages }) {
      for (const stage of stages) {
        const state = stage.status?.state ?? JobState.JOB_STATE_UNSPECIFIED;
        const last = shown.get(stage.name);
        const isNews = last?.state !== state || performance.now() - last.at > LINE_EVERY_MS;
        if (!isNews || (last?.state === state && state !== JobState.JOB_STATE_RUNNING)) continue;
        shown.set(stage.name, { state, at: performance.now() });
        stream.write(`${new Date().toISOString().slice(11, 19)} ${stage.name}: ${note(stage)}\n`);
      }
    },
    end: () => undefined,
  };
}

function amounts(status: JobStatus | undefined): { done: number; total: number } {
  const { done = 0, total = 0 } = status?.progress ?? {};
  if (status?.state === JobState.JOB_STATE_SUCCEEDED)
    return { done: Math.max(1, total), total: Math.max(1, total) };
  return { done, total: Math.max(1, total) };
}

function note({ status }: PipelineStage): string {
  if (status === undefined) return '';
  const { progress } = status;
  switch (status.state) {
    case JobState.JOB_STATE_QUEUED:
      return 'waiting';
    case JobState.JOB_STATE_RUNNING: {
      if (progress === undefined || progress.total === 0) return 'starting';
      const eta = progress.etaSeconds > 0 ? `, ${duration(progress.etaSeconds)} left` : '';
      const message = progress.message === '' ? '' : `, ${progress.message}`;
      return `${progress.done}/${progress.total} ${progress.unit}${message}${eta}`;
    }
    case JobState.JOB_STATE_SUCCEEDED: {
      const seconds = ((status.finishedAt?.getTime() ?? 0) - (status.startedAt?.getTime() ?? 0)) / 1000;
      return `done in ${duration(seconds)}`;
    }
    case JobState.JOB_STATE_FAILED:
      return `failed: ${status.error?.message ?? ''}`;
    case JobState.JOB_STATE_CANCELLED:
      return 'cancelled';
    default:
      return '';
  }
}
