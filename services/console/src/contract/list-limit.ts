/** Entries of a list: what a browser still draws, and a service lists every other second. */
export const LIST_LIMIT = 5000;
