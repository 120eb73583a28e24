import type { CocoSummary } from '../coco/coco-evaluator.ts';
import { errorPlot } from './error-plot.ts';
import { precisionRecallCurves, precisionRecallPlot } from './precision-recall-plot.ts';

export interface NamedPlot {
  /** `precision-recall` or `errors`: a file name without its end. */
  readonly name: string;
  readonly svg: string;
}

/** The pictures of one evaluation: precision over recall and, where it was asked for, the error breakdown. */
export function summaryPlots(title: string, { protocol, table, errors }: CocoSummary): NamedPlot[] {
  const curves = precisionRecallCurves(protocol, table);
  const plots = [
    {
      name: 'precision-recall',
      svg: precisionRecallPlot(`${title}: precision over recall`, protocol.recallGrid, curves),
    },
  ];
  if (errors !== undefined)
    plots.push({ name: 'errors', svg: errorPlot(`${title}: detections by outcome`, errors) });
  return plots;
}
