import { Component, type ComponentChildren, type JSX } from 'preact';
import { ErrorNote } from './notes.tsx';

interface FallbackState {
  readonly message?: string;
}

/** Where a page cannot be drawn, a note in its place: the navigation stays, and other pages open. */
export class Fallback extends Component<{ readonly children: ComponentChildren }, FallbackState> {
  static override getDerivedStateFromError(error: unknown): FallbackState {
    return { message: String(error) };
  }

  override render(): ComponentChildren {
    const { message } = this.state;
    return message === undefined ? this.props.children : <Note message={message} />;
  }
}

function Note({ message }: { readonly message: string }): JSX.Element {
  return <ErrorNote error={{ code: 'INTERNAL', message: `this page could not be drawn: ${message}` }} />;
}
