/** A word of a command that people paste into a shell: names of folders may hold spaces, and worse. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
