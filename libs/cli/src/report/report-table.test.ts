import { describe, expect, it } from 'vitest';
import type { ReportJson } from './report-json.ts';
import { formatReportTable } from './report-table.ts';

const number = (mean: number, std = 0): { mean: number; std: number; seeds: number[] } => ({
  mean,
  std,
  seeds: std === 0 ? [mean] : [mean - std, mean, mean + std],
});

const report: ReportJson = {
  id: 'demo-1',
  name: 'demo',
  engine: 'torch (cpu, 2 threads)',
  arms: {
    warmup: { boxAP: number(0.0801, 0.004), boxAP50: number(0.137), boxAPAgnostic: number(0.405) },
    scratch: { boxAP: number(0.023), boxAP50: number(0.055), boxAPAgnostic: number(0.188) },
  },
  labeler: { boxAPAgnostic: 0.38 },
  warmup: { boxAPAgnostic: 0.39 },
  pseudoLabels: { threshold: 0.45, precision: 0.82, recall: 0.67, f1: 0.737 },
  timings: { labeler: 100, warmup: 140 },
  checkpoints: {},
};

describe('formatReportTable', () => {
  it('shows percent, the spread over seeds, and a dash for what was not measured', () => {
    const table = formatReportTable(report);
    expect(table).toMatch(/finetuned from the warmup +8\.0 ± 0\.4 +13\.7 +40\.5 +– +–/);
    expect(table).toMatch(/finetuned without warmup +2\.3 +5\.5 +18\.8/);
    expect(table).toMatch(/pseudo labeler +38\.0/);
    expect(table).toContain('pseudo labels above 0.45: precision 0.820, recall 0.670, F1 0.737');
    expect(table).toContain('4.0 minutes in stages');
  });

  it('says where the truth of the pool is unknown', () => {
    expect(formatReportTable({ ...report, pseudoLabels: { threshold: 0.5 } })).toContain('unknown');
  });
});
