/**
 * An address's user and password up to its last `@`, also one that nobody encoded (`sword/f@sh`). A port with a path behind it is no
 * password, and of several addresses in a row each is one of its own.
 */
const USER_INFO =
  /(\b[a-z][a-z\d+.-]*:\/\/)(?:[^\s/@:"']*:(?!\d+(?:[/?#]))(?:(?!:\/\/)[^\s"'])*|[^\s/@"']+)@/gi;

/** Any text as a log or an error may show it: users and passwords of addresses in it (`nats://user:password@host`) are hidden. */
export function withoutUserInfo(text: string): string {
  return text.replaceAll(USER_INFO, '$1(hidden)@');
}
