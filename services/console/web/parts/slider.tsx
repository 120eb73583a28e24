import * as slider from '@zag-js/slider';
import { normalizeProps, useMachine } from '@zag-js/preact';
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';

interface SliderProps {
  readonly label: string;
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** What screen readers say of a value. */
  readonly say: (value: number) => string;
  readonly onChange: (value: number) => void;
}

/** A slider that is dragged, clicked, or moved by keys: arrows a step, page keys ten, home and end. */
export function Slider({ label, value, min, max, step, say, onChange }: SliderProps): JSX.Element {
  const service = useMachine(slider.machine, {
    id: useId(),
    min,
    max,
    step,
    value: [value],
    getAriaValueText: ({ value: shown }) => say(shown),
    onValueChange: ({ value: [next] }) => next !== undefined && onChange(next),
  });
  const api = slider.connect(service, normalizeProps);
  return (
    <div {...api.getRootProps()} class="slider">
      <label {...api.getLabelProps()}>{label}</label>
      <div {...api.getControlProps()} class="slider-control">
        <div {...api.getTrackProps()} class="slider-track">
          <div {...api.getRangeProps()} class="slider-range" />
        </div>
        <div {...api.getThumbProps({ index: 0 })} class="slider-thumb">
          <input {...(api.getHiddenInputProps({ index: 0 }) as object)} />
        </div>
      </div>
    </div>
  );
}
