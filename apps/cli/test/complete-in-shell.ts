import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** What a shell offers for a line: words as the program would get them, and the description beside each. */
export type Offers = Readonly<Record<string, string>>

interface Task {
  program: string
  script: string
  lines: readonly string[]
  folder: string
}

/** Whether this machine has the shell. */
export function hasShell(shell: Shell): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${shell}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Presses TAB at the end of each line in a real shell that has read the script of the program, in a folder. */
export function completeInShell(shell: Shell, task: Task): Record<string, Offers> {
  const answers = { bash: completeInBash, zsh: completeInZsh, fish: completeInFish }[shell](task)
  return Object.fromEntries(task.lines.map((line, index) => [line, toOffers(answers[index] ?? '')]))
}

/** One offer a line, its description behind a tab. */
function toOffers(answer: string): Offers {
  const rows = answer.split('\n').filter((row) => row !== '')
  return Object.fromEntries(rows.map((row) => row.split('\t', 2)).map(([word = '', text = '']) => [word, text]))
}

/** bash gives a function the line in variables; it has no descriptions. */
function completeInBash({ program, script, lines, folder }: Task): string[] {
  const file = join(folder, `${program}.bash`)
  writeFileSync(file, script)
  const args = lines.flatMap((line) => [`${splitAsBash(line).length}`, line, ...splitAsBash(line)])
  const answers = run('bash', ['--norc', '--noprofile', driver('bash'), file, program, ...args], folder)
  return toRecords(answers).map((answer, index) => {
    const line = lines[index] ?? ''
    // What comes before the last = or : stays in the line; a word that is not in quotes comes with backslashes.
    const word = /\s([^\s"']*)$/.exec(line)?.[1] ?? ''
    const kept = word.slice(0, Math.max(word.lastIndexOf('='), word.lastIndexOf(':')) + 1)
    const isQuoted = /["']\S*$/.test(line)
    return answer.replaceAll(/^.+$/gm, (reply) => (isQuoted ? reply : kept + reply.replaceAll(/\\(.)/g, '$1')))
  })
}

/** Into words with their quotes, and at = and : as well, which are in COMP_WORDBREAKS. */
function splitAsBash(line: string): string[] {
  const words = line.match(/[=:]+|(?:"[^"]*"?|'[^']*'?|\\.|[^\s=:"'\\])+/g) ?? []
  return /\s$/.test(line) ? [...words, ''] : words
}

/** Only zsh's line editor completes, so one runs in a pseudo-terminal. */
function completeInZsh({ program, script, lines, folder }: Task): string[] {
  const settings = { TAB_LINES: join(folder, 'lines'), TAB_ANSWERS: join(folder, 'answers'), TAB_SCRIPTS: folder }
  writeFileSync(join(folder, `_${program}`), script)
  writeFileSync(join(folder, '.zshrc'), readFileSync(driver('zsh')))
  writeFileSync(settings.TAB_LINES, lines.join('\n'))
  writeFileSync(settings.TAB_ANSWERS, '')
  const inTerminal = 'zmodload zsh/zpty; zpty shell zsh -d -i; while zpty -r shell output; do :; done'
  run('zsh', ['-f', '-c', inTerminal], folder, settings)
  return toRecords(readFileSync(settings.TAB_ANSWERS, 'utf8'))
}

function completeInFish({ program, script, lines, folder }: Task): string[] {
  const file = join(folder, `${program}.fish`)
  writeFileSync(file, script)
  return toRecords(run('fish', ['--no-config', driver('fish'), file, ...lines], folder))
}

const driver = (shell: Shell) => join(import.meta.dirname, `press-tab.${shell}`)

const toRecords = (answers: string) => answers.split('\u001e').slice(1)

function run(command: string, args: readonly string[], folder: string, settings: Record<string, string> = {}): string {
  const { PATH = '' } = process.env
  const env = { PATH, HOME: folder, ZDOTDIR: folder, TERM: 'dumb', LANG: 'C.UTF-8', ...settings }
  return execFileSync(command, args, { cwd: folder, env, encoding: 'utf8', timeout: 60_000 })
}
