import { allCommands, type CommandShape } from './command-tree.ts';

/** A completion script for bash 4 and newer: a table of words by command, and the function that reads it. */
export function bashCompletion(root: CommandShape): string {
  const commands = allCommands(root);
  const words = commands.map(({ path, children, flags }) => {
    const names = [
      ...children.map((child) => child.path.split(' ').at(-1)),
      ...flags.flatMap((flag) => flag.names),
    ];
    return `  [${quoted(`:${path}`)}]=${quoted(names.join(' '))}`;
  });
  const values = commands.flatMap(({ path, flags }) =>
    flags
      .filter(({ takesValue }) => takesValue)
      .flatMap(({ names, choices }) =>
        names.map((name) => `  [${quoted(`:${path} ${name}`)}]=${quoted(choices.join(' '))}`),
      ),
  );
  return `# cassl completion bash: source it from ~/.bashrc, or put it into /etc/bash_completion.d/cassl
declare -gA _cassl_words=(
${words.join('\n')}
)
# Values by flag; an empty entry is a flag that takes a path.
declare -gA _cassl_values=(
${values.join('\n')}
)
_cassl() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path="" index
  for ((index = 1; index < COMP_CWORD; index++)); do
    local longer="\${path:+$path }\${COMP_WORDS[index]}"
    [[ -n "\${_cassl_words[:$longer]+x}" ]] && path="$longer"
  done
  COMPREPLY=()
  if [[ -n "\${_cassl_values[:$path $before]+x}" ]]; then
    [[ -n "\${_cassl_values[:$path $before]}" ]] && COMPREPLY=($(compgen -W "\${_cassl_values[:$path $before]}" -- "$current"))
    return
  fi
  if [[ -z "$path" || "$current" == -* ]] || [[ -n "$(compgen -W "\${_cassl_words[:$path]}" -- "$current" | grep -v '^-')" ]]; then
    local word
    for word in $(compgen -W "\${_cassl_words[:$path]}" -- "$current"); do
      [[ "$current" == -* || "$word" != -* ]] && COMPREPLY+=("$word")
    done
  fi
}
# Where nothing of ours fits, paths do.
complete -o default -o bashdefault -F _cassl cassl
`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
