import {
  commentsOf,
  type Enum,
  type Field,
  type FileDescriptor,
  type Message,
  type Method,
} from './read-descriptors.ts';

/** Numbers of the fields of FileDescriptorProto and its parts, of which paths are made. */
const [MESSAGES, ENUMS, SERVICES, FIELDS, VALUES, METHODS] = [4, 5, 6, 2, 2, 2];

/** The page of one .proto file; `pageOf` finds the page of a type. */
export function apiPage(file: FileDescriptor, pageOf: (typeName: string) => string | undefined): string {
  const comment = commentsOf(file);
  const link = (typeName: string): string => {
    const name = typeName.replace(/^\./, '');
    const page = pageOf(typeName);
    const short = name.replace(/^cassl\.v1\./, '');
    return page === undefined
      ? `\`${short}\``
      : `[${short}](${page}#${short.toLowerCase().replaceAll('.', '')})`;
  };
  const services = (file.service ?? []).map(({ name, method = [] }, index) =>
    [
      `## ${name}`,
      comment(SERVICES, index),
      method.map((one, at) => methodText(one, comment(SERVICES, index, METHODS, at), link)).join('\n'),
    ].join('\n\n'),
  );
  const messages = (file.messageType ?? []).map((message, index) =>
    messageText(message, index, comment, link),
  );
  const enums = (file.enumType ?? []).map((one, index) => enumText(one, index, comment));
  const title = file.name.replace(/^.*\//, '');
  return `${[
    `# ${title}`,
    `Package \`${file.package ?? ''}\`, [the file](../../proto/${file.name}). Written by \`npm run gen\`; edit the comments there.`,
    ...services,
    ...messages,
    ...enums,
  ].join('\n\n')}\n`;
}

type Comment = (...path: number[]) => string;
type Link = (typeName: string) => string;

function methodText(
  { name, inputType, outputType, clientStreaming, serverStreaming }: Method,
  text: string,
  link: Link,
): string {
  const stream = (isStream: boolean | undefined): string => (isStream === true ? 'stream of ' : '');
  return `- **${name}** (${stream(clientStreaming)}${link(inputType)}) → ${stream(serverStreaming)}${link(outputType)}  \n  ${text}`;
}

function messageText(message: Message, index: number, comment: Comment, link: Link): string {
  const rows = (message.field ?? []).map((field, at) => [
    `\`${field.name}\``,
    String(field.number),
    typeText(field, message, link),
    comment(MESSAGES, index, FIELDS, at) + oneofText(field, message),
  ]);
  return `### ${message.name}\n\n${comment(MESSAGES, index)}${rows.length === 0 ? '' : `\n\n${table(['field', 'no.', 'type', ''], rows)}`}`;
}

function typeText(field: Field, { nestedType = [] }: Message, link: Link): string {
  const map = nestedType.find(
    ({ name, options }) => options?.mapEntry === true && field.typeName?.endsWith(`.${name}`) === true,
  );
  if (map !== undefined) {
    const [key, value] = map.field ?? [];
    const plain = (one: Field | undefined): string =>
      one === undefined ? '?' : typeText({ ...one, label: 'LABEL_OPTIONAL' }, map, link);
    return `map of ${plain(key)} to ${plain(value)}`;
  }
  const name =
    field.typeName === undefined
      ? (field.type ?? '').replace('TYPE_', '').toLowerCase()
      : link(field.typeName);
  return field.label === 'LABEL_REPEATED' ? `repeated ${name}` : name;
}

function oneofText({ oneofIndex, proto3Optional }: Field, { oneofDecl = [] }: Message): string {
  if (proto3Optional === true) return ' Optional.';
  return oneofIndex === undefined ? '' : ` One of \`${oneofDecl[oneofIndex]?.name ?? ''}\`.`;
}

function enumText({ name, value = [] }: Enum, index: number, comment: Comment): string {
  const rows = value.map((one, at) => [
    `\`${one.name}\``,
    String(one.number ?? 0),
    comment(ENUMS, index, VALUES, at),
  ]);
  return `### ${name}\n\n${comment(ENUMS, index)}\n\n${table(['value', 'no.', ''], rows)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
