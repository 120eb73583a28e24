import {
  context,
  isSpanContextValid,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanKind,
} from '@opentelemetry/api';
import { errorCode, errorMessage } from '@cassl/errors';

export { SpanKind, type Attributes } from '@opentelemetry/api';

export interface SpanOptions {
  /** Default INTERNAL. */
  readonly kind?: SpanKind;
  readonly attributes?: Attributes;
}

const TRACER = 'cassl';

/** A span whose end somebody else decides. */
export interface OpenSpan {
  readonly span: Span;
  /** Runs `action` within the span. */
  readonly run: <R>(action: () => R) => R;
  /** Ends it; with an error, it failed. */
  readonly end: (error?: unknown) => void;
}

export function openSpan(name: string, options: SpanOptions = {}): OpenSpan {
  const span = trace.getTracer(TRACER).startSpan(name, options);
  const within: Context = trace.setSpan(context.active(), span);
  return {
    span,
    run: (action) => context.with(within, action),
    end(error) {
      if (error !== undefined) fail(span, error);
      span.end();
    },
  };
}

/** Runs `action` as a span below the active one. What it throws is the span's error. */
export async function inSpan<R>(
  name: string,
  options: SpanOptions,
  action: (span: Span) => Promise<R> | R,
): Promise<R> {
  const { span, run, end } = openSpan(name, options);
  try {
    const result = await run(() => action(span));
    end();
    return result;
  } catch (error) {
    end(error);
    throw error;
  }
}

/** As `inSpan`, for work in steps: each step runs within the span, the pauses between them do not. */
export async function* inSpanSteps<T, R>(
  open: OpenSpan,
  steps: AsyncGenerator<T, R, undefined>,
): AsyncGenerator<T, R, undefined> {
  try {
    for (;;) {
      const step = await open.run(() => steps.next());
      if (step.done === true) return step.value;
      yield step.value;
    }
  } finally {
    await open.run(() => steps.return(undefined as R));
  }
}

/** `trace_id` and `span_id` for a log line, as OpenTelemetry's log model spells them in JSON; nothing outside of a trace. */
export function logFields(): { trace_id?: string; span_id?: string } {
  const active = trace.getSpanContext(context.active());
  if (active === undefined || !isSpanContextValid(active)) return {};
  return { trace_id: active.traceId, span_id: active.spanId };
}

function fail(span: Span, error: unknown): void {
  if (!span.isRecording()) return;
  span.setAttribute('error.type', errorCode(error));
  span.setStatus({ code: SpanStatusCode.ERROR, message: errorMessage(error) });
}
