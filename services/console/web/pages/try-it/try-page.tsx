import type { Alias } from '@cassl/proto';
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Json } from '../../json.ts';
import { ErrorNote } from '../../parts/notes.tsx';
import { Slider } from '../../parts/slider.tsx';
import { useAnswer } from '../../use-answer.ts';
import { useZoom } from '../images/use-zoom.ts';
import { PhotoDrop } from './photo-drop.tsx';
import { TriedPane } from './tried-pane.tsx';

/** Names that are offered; any other can be written. */
const OFFERED = 5000;

/** A photo of the visitor's, and what two checkpoints find in it, side by side. */
export function TryPage(): JSX.Element {
  const [photo, setPhoto] = useState<File>();
  const [threshold, setThreshold] = useState(0.3);
  const { value, error } = useAnswer<{ aliases: readonly Json<Alias>[] }>(
    `/registry/aliases?most=${OFFERED}`,
  );
  const aliases = value?.aliases.map(({ alias }) => alias) ?? [];
  const [chosen, setChosen] = useState<readonly string[]>(['', '']);
  const zoom = useZoom();
  const url = usePhotoUrl(photo);
  useEffect(() => {
    if (chosen.every((reference) => reference === '')) setChosen(firstTwo(aliases));
  }, [value]);
  const choose = (index: number, reference: string): void =>
    setChosen(chosen.map((other, at) => (at === index ? reference : other)));
  return (
    <>
      <h1>Try it</h1>
      <ErrorNote error={error} />
      <PhotoDrop onPhoto={setPhoto} name={photo?.name} />
      <div class="panel">
        <Slider
          label={`Scores from ${threshold.toFixed(2)}`}
          min={0.05}
          max={0.95}
          step={0.01}
          value={threshold}
          say={(at) => at.toFixed(2)}
          onChange={setThreshold}
        />
        <datalist id="checkpoints">
          {aliases.map((alias) => (
            <option key={alias} value={alias} />
          ))}
        </datalist>
        <div class="panes">
          {chosen.map((reference, index) => (
            <TriedPane
              key={index}
              reference={reference}
              photo={photo}
              url={url}
              threshold={threshold}
              zoom={zoom}
              onChoose={(next) => choose(index, next)}
            />
          ))}
        </div>
      </div>
    </>
  );
}

/** The finetuned detectors are what people want to compare first. */
function firstTwo(aliases: readonly string[]): readonly string[] {
  const isFirst = (alias: string): boolean => /detector|scratch/.test(alias);
  const sorted = [...aliases.filter(isFirst), ...aliases.filter((alias) => !isFirst(alias))];
  return [sorted[0] ?? '', sorted[1] ?? ''];
}

function usePhotoUrl(photo: File | undefined): string {
  const [url, setUrl] = useState('');
  useEffect(() => {
    if (photo === undefined) return;
    const made = URL.createObjectURL(photo);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [photo]);
  return url;
}
