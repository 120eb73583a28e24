import { Argument, type Command } from 'commander';
import type { CommandShape } from '../completion/command-tree.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `cassl completion`: a script that makes a shell complete commands, flags and their values. */
export function register(program: Command): void {
  program
    .command('completion')
    .description('Print the script that makes a shell complete `cassl`.')
    .addArgument(new Argument('<shell>', 'which shell').choices(SHELLS))
    .addHelpText(
      'after',
      '\nbash: `source <(cassl completion bash)` in ~/.bashrc; zsh: the same in ~/.zshrc, after compinit;' +
        '\nfish: `cassl completion fish > ~/.config/fish/completions/cassl.fish`.',
    )
    .action(async (shell: (typeof SHELLS)[number]) => {
      const { commandTree } = await import('../completion/command-tree.ts');
      const tree = commandTree(program);
      process.stdout.write(await script(shell, tree));
    });
}

async function script(shell: (typeof SHELLS)[number], tree: CommandShape): Promise<string> {
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash-completion.ts')).bashCompletion(tree);
    case 'zsh':
      return (await import('../completion/zsh-completion.ts')).zshCompletion(tree);
    case 'fish':
      return (await import('../completion/fish-completion.ts')).fishCompletion(tree);
  }
}
