import { ValueType, type Attributes, type HrTime } from '@opentelemetry/api';
import { hrTime } from '@opentelemetry/core';
import { emptyResource } from '@opentelemetry/resources';
import {
  AggregationTemporality,
  DataPointType,
  type DataPoint,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';

/** One sample as prom-client tells it. */
interface Sample {
  readonly value: number;
  readonly labels: Partial<Record<string, string | number>>;
  readonly metricName?: string;
}

/** What prom-client's registry tells of one metric. */
export interface PrometheusMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly values: readonly Sample[];
}

/** A metric whose name and labels OpenTelemetry's conventions fix. */
export interface ConventionalName {
  readonly name: string;
  readonly unit: string;
  readonly attributes: Readonly<Record<string, string>>;
}

export interface PrometheusProducerOptions {
  readonly read: () => Promise<readonly PrometheusMetric[]>;
  /** By Prometheus name; other metrics keep their names. */
  readonly names: Readonly<Record<string, ConventionalName>>;
}

/**
 * Tells OpenTelemetry what a Prometheus registry holds, so that each thing is measured once and both see it. Counters become
 * monotonic sums, histograms explicit-bucket ones, cumulative since the start; summaries are left out.
 */
export function prometheusProducer({ read, names }: PrometheusProducerOptions): MetricProducer {
  const startTime = hrTime(performance.now() - process.uptime() * 1000);
  return {
    async collect() {
      const endTime = hrTime();
      const metrics = (await read()).flatMap((metric) => {
        const data = translate(metric, names[metric.name], { startTime, endTime });
        return data === undefined ? [] : [data];
      });
      const scopeMetrics = [{ scope: { name: 'cassl' }, metrics }];
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
  };
}

interface Span {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

function translate(
  metric: PrometheusMetric,
  known: ConventionalName | undefined,
  time: Span,
): MetricData | undefined {
  const { name, help: description, type, values } = metric;
  const common = {
    descriptor: {
      name: known?.name ?? name,
      description,
      unit: known?.unit ?? unitOf(name),
      valueType: ValueType.DOUBLE,
    },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const point = ({ labels, value }: Sample): DataPoint<number> => ({
    ...time,
    attributes: attributesOf(labels, known),
    value,
  });
  switch (type) {
    case 'counter':
      return {
        ...common,
        dataPointType: DataPointType.SUM,
        isMonotonic: true,
        dataPoints: values.map(point),
      };
    case 'gauge':
      return { ...common, dataPointType: DataPointType.GAUGE, dataPoints: values.map(point) };
    case 'histogram':
      return {
        ...common,
        dataPointType: DataPointType.HISTOGRAM,
        dataPoints: histograms(metric, known, time),
      };
    default:
      return undefined;
  }
}

/** Prometheus counts each bucket with those below it, OpenTelemetry without. */
function histograms(
  { name, values }: PrometheusMetric,
  known: ConventionalName | undefined,
  time: Span,
): DataPoint<Histogram>[] {
  const series = new Map<string, { attributes: Attributes; buckets: [number, number][]; sum: number }>();
  for (const { labels, value, metricName } of values) {
    const { le, ...rest } = labels;
    const attributes = attributesOf(rest, known);
    const key = JSON.stringify(attributes);
    const one = series.get(key) ?? { attributes, buckets: [], sum: 0 };
    series.set(key, one);
    if (metricName === `${name}_sum`) one.sum = value;
    else if (metricName === `${name}_bucket`)
      one.buckets.push([le === '+Inf' ? Infinity : Number(le), value]);
  }
  return [...series.values()].map(({ attributes, buckets, sum }) => {
    buckets.sort(([a], [b]) => a - b);
    const counts = buckets.map(([, upTo], index) => upTo - (buckets[index - 1]?.[1] ?? 0));
    const boundaries = buckets.map(([bound]) => bound).filter(Number.isFinite);
    const count = buckets.at(-1)?.[1] ?? 0;
    return { ...time, attributes, value: { buckets: { boundaries, counts }, sum, count } };
  });
}

function attributesOf(labels: Sample['labels'], known: ConventionalName | undefined): Attributes {
  const entries = Object.entries(labels).flatMap(([label, value]) =>
    value === undefined ? [] : [[known?.attributes[label] ?? label, value] as const],
  );
  return Object.fromEntries(entries);
}

/** Prometheus ends names in their unit; OpenTelemetry has it beside. */
function unitOf(name: string): string {
  if (/_seconds(_total)?$/.test(name)) return 's';
  return /_bytes(_total)?$/.test(name) ? 'By' : '1';
}
