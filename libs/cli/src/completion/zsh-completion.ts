import { allCommands, type CommandShape, type FlagShape } from './command-tree.ts';

/** A completion script for zsh: a function a command, in the terms of `_arguments` and `_describe`. */
export function zshCompletion(root: CommandShape): string {
  return `#compdef cassl
# cassl completion zsh: put it as _cassl into a folder of $fpath, or \`source <(cassl completion zsh)\` after compinit
${allCommands(root).map(functionOf).join('\n')}
if [[ "\${funcstack[1]}" == _cassl ]]; then _cassl "$@"; else compdef _cassl cassl; fi
`;
}

function functionOf({ path, children, flags, takesArguments }: CommandShape): string {
  const specs = flags.flatMap(flagSpecs);
  if (children.length === 0) {
    const files = takesArguments ? [`'*:path:_files'`] : [];
    return `${nameOf(path)}() {\n  _arguments -s ${[...specs, ...files].join(' ')}\n}`;
  }
  const names = children.map(({ path: child, about }) => quoted(`${last(child)}:${escaped(about)}`));
  const cases = children.map(({ path: child }) => `      ${last(child)}) ${nameOf(child)} ;;`);
  return `${nameOf(path)}() {
  local state line
  _arguments -C ${specs.join(' ')} '1:command:->command' '*::argument:->argument'
  case $state in
    command) local -a commands=(${names.join(' ')}); _describe command commands ;;
    argument) case $line[1] in
${cases.join('\n')}
    esac ;;
  esac
}`;
}

function flagSpecs({ names, about, takesValue, choices }: FlagShape): string[] {
  const value = takesValue ? (choices.length > 0 ? `:value:(${choices.join(' ')})` : ':value:_files') : '';
  return names.map((name) => quoted(`${name}[${escaped(about)}]${value}`));
}

function nameOf(path: string): string {
  return path === '' ? '_cassl' : `_cassl_${path.replaceAll(/\W/g, '_')}`;
}

function last(path: string): string {
  return path.split(' ').at(-1) ?? '';
}

/** Colons and brackets end parts of a specification. */
function escaped(text: string): string {
  return text.replaceAll(/[[\]:\\]/g, '\\$&');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
