/** One picture with what is drawn on it. */
export interface Panel {
  readonly caption: string;
  /** JPEG as a data URI. */
  readonly picture: string;
}

/** The same image, drawn in several ways. */
export interface DrawingRow {
  readonly title: string;
  readonly panels: readonly Panel[];
}
