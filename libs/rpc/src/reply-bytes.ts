/** Clients of gRPC take messages of 4 MiB unless told otherwise: what grows in a reply ends before that. */
const MAX_REPLY_BYTES = 3 * 2 ** 20;
/** Tag and length before an entry of a repeated field. */
const ENTRY_BYTES = 6;

/** Of generated messages: what tells how long one is on the wire. */
export interface MessageType<Message> {
  encode(message: Message): { finish(): Uint8Array };
}

/** Counts what a reply holds until it is full. */
export class ReplyRoom {
  #bytes = 0;

  /** Whether the reply holds this entry too; then it is counted. */
  take<Message>(type: MessageType<Message>, message: Message): boolean {
    const bytes = this.#bytes + type.encode(message).finish().length + ENTRY_BYTES;
    if (bytes > MAX_REPLY_BYTES) return false;
    this.#bytes = bytes;
    return true;
  }
}

/** The first of `items` that a reply holds; one at least, so that pages go on. */
export function fitReply<Message>(
  items: Iterable<Message>,
  type: MessageType<Message>,
  room: ReplyRoom = new ReplyRoom(),
): Message[] {
  const fitting: Message[] = [];
  for (const item of items) {
    const isHeld = room.take(type, item);
    if (isHeld || fitting.length === 0) fitting.push(item);
    if (!isHeld) break;
  }
  return fitting;
}
