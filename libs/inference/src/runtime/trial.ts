/** A second model behind a name: a canary answers a share of its requests, a shadow computes them and answers none. */
export interface TrialSettings {
  readonly kind: 'canary' | 'shadow';
  /** Alias or digest of the model on trial. */
  readonly model: string;
  /** Share of the requests, in [0, 1]. A canary of weight 0 gets only the requests whose header names it. */
  readonly weight: number;
  /** Share of a canary's answers that are compared with the serving model's. @default 0.1 */
  readonly compare?: number;
  /** Above this share of failures that are not the caller's, the trial ends. @default 0.05 */
  readonly mostFailures?: number;
  /** Below this mean agreement with the serving model the trial ends. @default 0, which no agreement is below */
  readonly leastAgreement?: number;
}

export interface TrialReport extends Required<TrialSettings> {
  readonly answered: number;
  readonly failed: number;
  readonly compared: number;
  /** Mean F1 with the serving model's findings; 1 before the first comparison. */
  readonly agreement: number;
  /** Why it was rolled back; empty while it runs. */
  readonly endedBecause: string;
}

export interface Trial {
  readonly settings: Required<TrialSettings>;
  readonly isOver: boolean;
  succeeded(): void;
  /** A failure that is not the caller's. */
  failed(): void;
  compared(agreement: number): void;
  report(): TrialReport;
}

/** Fewer answers or comparisons than this say nothing. */
const ENOUGH = 20;

export function startTrial(given: TrialSettings, onEnd: (reason: string) => void): Trial {
  const settings = { compare: 0.1, mostFailures: 0.05, leastAgreement: 0, ...given };
  let [answered, failed, compared, sum] = [0, 0, 0, 0];
  let endedBecause = '';
  const mean = (): number => (compared === 0 ? 1 : sum / compared);
  const judge = (): void => {
    if (endedBecause !== '') return;
    const share = failed / (answered + failed);
    if (answered + failed >= ENOUGH && share > settings.mostFailures) {
      endedBecause = `${failed} of ${answered + failed} requests failed, more than ${settings.mostFailures}`;
    } else if (compared >= ENOUGH && mean() < settings.leastAgreement) {
      endedBecause = `it agrees with the serving model to ${mean().toFixed(3)} over ${compared} images, less than ${settings.leastAgreement}`;
    } else return;
    onEnd(endedBecause);
  };
  return {
    settings,
    get isOver() {
      return endedBecause !== '';
    },
    succeeded() {
      answered += 1;
      judge();
    },
    failed() {
      failed += 1;
      judge();
    },
    compared(value) {
      compared += 1;
      sum += value;
      judge();
    },
    report: () => ({ ...settings, answered, failed, compared, agreement: mean(), endedBecause }),
  };
}
