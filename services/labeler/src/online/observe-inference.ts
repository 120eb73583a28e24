import { errorCode, type ErrorCode } from '@cassl/errors';
import type { InferAnswer, InferenceRuntime, InferMetadata } from '@cassl/inference';
import { Counter, Gauge, Histogram, type Registry } from '@cassl/rpc';

const LABELS = ['model', 'version'] as const;
const VERSION = '1';
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const MILLISECONDS = SECONDS.map((value) => value * 1000);
const BATCHES = [1, 2, 4, 8, 16, 32, 64];

/** Triton's words for why a request failed. */
const REASONS: Readonly<Partial<Record<ErrorCode, string>>> = {
  RESOURCE_EXHAUSTED: 'REJECTED',
  UNAVAILABLE: 'REJECTED',
  DEADLINE_EXCEEDED: 'REJECTED',
  CANCELLED: 'CANCELED',
  INTERNAL: 'BACKEND',
};

/**
 * The runtime with every request counted, whichever face it came by: under Triton's names (`nv_inference_*`, microseconds), so that
 * dashboards and autoscalers made for it work, and under ours with histograms of every stage.
 */
export function observeInference(inference: InferenceRuntime, metrics: Registry): InferenceRuntime {
  const counters = requestCounters(metrics);
  residentGauges(inference, metrics);
  return {
    ...inference,
    async infer(request) {
      const startedAt = performance.now();
      try {
        const answer = await inference.infer(request);
        counters.answered(request.model, answer, performance.now() - startedAt);
        return answer;
      } catch (error) {
        counters.failed(request.model, errorCode(error));
        throw error;
      }
    },
  };
}

interface RequestCounters {
  answered(model: string, answer: InferAnswer, totalMs: number): void;
  failed(model: string, code: ErrorCode): void;
}

function requestCounters(metrics: Registry): RequestCounters {
  const registers = [metrics];
  const counter = (name: string, help: string): Counter<(typeof LABELS)[number]> =>
    new Counter({ name, help, labelNames: LABELS, registers });
  const succeeded = counter('nv_inference_request_success', 'Images answered');
  const counted = counter('nv_inference_count', 'Images that passed through a model');
  const failures = new Counter({
    name: 'nv_inference_request_failure',
    help: 'Images not answered, by reason',
    labelNames: [...LABELS, 'reason'],
    registers,
  });
  const firstResponse = new Histogram({
    name: 'nv_inference_first_response_histogram_ms',
    help: 'Milliseconds from arrival to answer',
    labelNames: LABELS,
    buckets: MILLISECONDS,
    registers,
  });
  const durations = {
    request: counter('nv_inference_request_duration_us', 'Microseconds from arrival to answer'),
    queue: counter('nv_inference_queue_duration_us', 'Microseconds of waiting'),
    input: counter('nv_inference_compute_input_duration_us', 'Microseconds of decoding and resizing'),
    compute: counter('nv_inference_compute_infer_duration_us', 'Microseconds of forward passes'),
    output: counter('nv_inference_compute_output_duration_us', 'Microseconds of suppression and masks'),
  };
  const seconds = new Histogram({
    name: 'cassl_inference_seconds',
    help: 'Seconds of an image in a stage: total, queue, input, compute, output',
    labelNames: ['model', 'stage'],
    buckets: SECONDS,
    registers,
  });
  const batch = new Histogram({
    name: 'cassl_inference_batch_size',
    help: 'Images of the forward pass that an image was in',
    labelNames: ['model'],
    buckets: BATCHES,
    registers,
  });
  return {
    answered(model, { metadata }, totalMs) {
      const labels = { model, version: VERSION };
      succeeded.inc(labels);
      counted.inc(labels);
      firstResponse.observe(labels, totalMs);
      batch.observe({ model }, metadata.batchSize);
      for (const [stage, ms] of Object.entries(stagesOf(metadata, totalMs))) {
        if (stage !== 'total') durations[stage as Stage].inc(labels, ms * 1000);
        seconds.observe({ model, stage }, ms / 1000);
      }
      durations.request.inc(labels, totalMs * 1000);
    },
    failed(model, code) {
      // Names that strangers make up would make as many series.
      if (code === 'NOT_FOUND') return;
      failures.inc({ model, version: VERSION, reason: REASONS[code] ?? 'OTHER' });
    },
  };
}

type Stage = 'queue' | 'input' | 'compute' | 'output';

function stagesOf(metadata: InferMetadata, total: number): Readonly<Record<Stage | 'total', number>> {
  const { queueMs: queue, inputMs: input, computeMs: compute, outputMs: output } = metadata;
  return { total, queue, input, compute, output };
}

/** What resident models are and have done; it is read when somebody asks. */
function residentGauges(inference: Pick<InferenceRuntime, 'list'>, metrics: Registry): void {
  const registers = [metrics];
  const forEach = (
    act: (
      labels: { model: string; version: string },
      report: ReturnType<typeof inference.list>[number],
    ) => void,
  ): void => {
    for (const report of inference.list()) {
      const names = report.names.length === 0 ? [report.digest] : report.names;
      for (const model of names) act({ model, version: VERSION }, report);
    }
  };
  new Gauge({
    name: 'nv_inference_pending_request_count',
    help: 'Images that wait or are being computed',
    labelNames: LABELS,
    registers,
    collect() {
      this.reset();
      forEach((labels, { pending }) => this.set(labels, pending));
    },
  });
  new Counter({
    name: 'nv_inference_exec_count',
    help: 'Forward passes since the model was loaded',
    labelNames: LABELS,
    registers,
    collect() {
      this.reset();
      forEach((labels, { statistics }) => this.inc(labels, statistics.executionCount));
    },
  });
  new Gauge({
    name: 'cassl_model_resident_bytes',
    help: 'Memory of a resident model',
    labelNames: LABELS,
    registers,
    collect() {
      this.reset();
      forEach((labels, { residentBytes }) => this.set(labels, residentBytes));
    },
  });
}
