import { Argument } from 'commander'
import { bashScript } from '../completion/bash-script.ts'
import { describeVerbs } from '../completion/describe-verbs.ts'
import { fishScript } from '../completion/fish-script.ts'
import { zshScript } from '../completion/zsh-script.ts'
import type { Verbs } from '../verbs.ts'

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }
const shells = Object.keys(scripts)

export function addCompletion({ program, session }: Verbs): void {
  program
    .command('completion')
    .description('print a shell completion script for this version')
    .addArgument(new Argument('<shell>', 'where you press TAB').choices(shells))
    .action((shell: keyof typeof scripts) => {
      session().output.text(scripts[shell](program.name(), describeVerbs(program)).trimEnd())
    })
}
