import type { JSX } from 'preact';
import { fixed } from '../../format.ts';
import type { ShownBox, ShownImage } from './image-types.ts';

/** What is drawn, as a table: for screen readers, and to read numbers off. */
export function BoxList({ image: { labels, objects } }: { readonly image: ShownImage }): JSX.Element {
  return (
    <details>
      <summary>
        {labels.length} labels{objects !== undefined && `, ${objects.length} true objects`}
      </summary>
      <div class="wide" tabIndex={0}>
        <table class="left">
          <thead>
            <tr>
              {['what', 'score', 'x', 'y', 'width', 'height', 'verdict'].map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {labels.map((box, index) => (
              <Line key={`label ${index}`} what={box.name || 'label'} box={box} words={['false', 'true']} />
            ))}
            {objects?.map((box, index) => (
              <Line key={`object ${index}`} what={box.name} box={box} words={['missed', 'found']} />
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

interface LineProps {
  readonly what: string;
  readonly box: ShownBox;
  /** Wrong and right. */
  readonly words: readonly [string, string];
}

function Line({ what, box: { box, score, isRight }, words }: LineProps): JSX.Element {
  return (
    <tr>
      <td>{what}</td>
      <td>{score === undefined ? '' : fixed(score, 3)}</td>
      {box.map((value, index) => (
        <td key={index}>{fixed(value, 1)}</td>
      ))}
      <td>{isRight === undefined ? '' : words[isRight ? 1 : 0]}</td>
    </tr>
  );
}
