import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { topicNames } from '@core/api'
import { Argument, Command, Option } from 'commander'
import { afterAll, describe, expect, test } from 'vitest'
import { bashScript } from '../src/completion/bash-script.ts'
import { describeVerbs } from '../src/completion/describe-verbs.ts'
import { fishScript } from '../src/completion/fish-script.ts'
import { zshScript } from '../src/completion/zsh-script.ts'
import { buildProgram } from '../src/program.ts'
import { completeInShell, hasShell, type Offers, type Shell, shells } from './complete-in-shell.ts'
import { createRoom } from './core-process.ts'
import { runInProcess } from './run-in-process.ts'

const room = createRoom()
afterAll(() => room[Symbol.dispose]())
mkdirSync(join(room.folder, 'a folder'))
for (const name of ['ops.json', 'two words.json']) writeFileSync(join(room.folder, name), '[]')

const everywhere = ['--help', '--json', '--key-stdin', '--micro', '--project', '--timeout', '--url', '--version', '-h']

/** What is offered for a line that ends where TAB is pressed. */
const expected: Readonly<Record<string, readonly string[]>> = {
  'core ': [...namesOfVerbs(), 'help'],
  'core cred': ['credits'],
  'core credits se': ['seal', 'settle'],
  'core help cr': ['credits'],
  'core nothing cred': [],
  // After options of the program, whose values are no verbs.
  'core --url http://x cred': ['credits'],
  'core --url=http://x --json cred': ['credits'],
  'core --project credits errors l': ['list'],
  'core -- cred': ['credits'],
  // Options, and where there is nothing else to say.
  'core --k': ['--key-stdin'],
  'core credits reserve a 1 --o': ['--over'],
  'core credits reserve a 1 --ttl 5 --o': ['--over'],
  'core errors mark x open --js': ['--json'],
  'core credits grant -- --': [],
  'core openapi --': everywhere.filter((word) => word !== '-h'),
  // Values of options.
  'core credits reserve a 1 --over ': ['cap', 'overflow', 'reject'],
  'core credits reserve a 1 --over=c': ['--over=cap'],
  'core audit-log --json --source l': ['ledger'],
  'core keys verify --scope ledger:s': ['ledger:spend'],
  'core keys verify --scope "ledger:s': ['ledger:spend'],
  // Operands.
  'core completion ': shells,
  'core api P': ['PATCH', 'POST', 'PUT'],
  'core errors mark x ': ['ignored', 'open', 'resolved'],
  'core errors mark --timeout 5 x re': ['resolved'],
  'core members set user:ada o': ['operator', 'owner'],
  'core events tail ': topicNames,
  'core events tail flag --json ke': ['key'],
  // Of free form.
  'core --url ': [],
  'core credits reserve ': [],
  'core credits reserve a 1 --min ': [],
  'core errors mark ': [],
  'core errors mark o': [],
  // Files, and only where they belong.
  'core credits batch op': ['ops.json'],
  'core credits batch two': ['two words.json'],
  'core leases report x --items op': ['ops.json'],
  'core credits charge op': [],
}

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript }
const scriptOf = (shell: Shell, program: Command) => scripts[shell](program.name(), describeVerbs(program))
/** TAB at the end of each line, which all begin with the program. */
const press = (shell: Shell, script: string, lines: readonly string[]) =>
  completeInShell(shell, { program: lines[0]?.split(' ')[0] ?? '', script, lines, folder: room.folder })
const wordsOf = (offers: Offers) => Object.keys(offers).sort()

describe.each(shells)('%s', (shell) => {
  const missing = hasShell(shell) ? undefined : `there is no ${shell} on this machine`

  test('completes verbs, options and choices, and nothing where any word is allowed', async ({ skip }) => {
    if (missing !== undefined) return skip(missing)
    const { stdout } = await runInProcess(['completion', shell], { cwd: room.folder, env: {} })
    const offers = press(shell, stdout, Object.keys(expected))
    expect(mapValues(offers, wordsOf)).toEqual(mapValues(expected, (words) => words.toSorted()))
  })

  test('knows every verb, option and choice of the program', ({ skip }) => {
    if (missing !== undefined) return skip(missing)
    const lines = linesOf(createProgram(), '')
    expect(Object.keys(lines).length).toBeGreaterThan(150)
    const offers = press(shell, scriptOf(shell, createProgram()), Object.keys(lines))
    expect(mapValues(offers, wordsOf)).toEqual(mapValues(lines, (words) => words.toSorted()))
  })

  test('where only options may follow they are offered; zsh waits for a dash, as its users are used to', ({ skip }) => {
    if (missing !== undefined) return skip(missing)
    const script = scriptOf(shell, createProgram())
    const { 'core openapi ': offers = {} } = press(shell, script, ['core openapi '])
    expect(wordsOf(offers)).toEqual(shell === 'zsh' ? [] : everywhere)
  })

  test('words that mean something to a shell come out as they are', ({ skip }) => {
    if (missing !== undefined) return skip(missing)
    const offers = press(shell, scriptOf(shell, createToy()), Object.keys(odd))
    expect(mapValues(offers, wordsOf)).toEqual(mapValues(odd, (words) => words.toSorted()))
  })

  test('describes each word, where the shell shows that', ({ skip }) => {
    if (missing !== undefined) return skip(missing)
    const offers = press(shell, scriptOf(shell, createToy()), ['toy ', 'toy --le'])
    const isTold = shell !== 'bash'
    expect(offers['toy ']?.['odd:verb']).toBe(isTold ? oddText : '')
    expect(offers['toy --le']?.['--level']).toBe(isTold ? oddText : '')
  })
})

test('a shell that is not known is refused with those that are', async () => {
  const { code, stdout, stderr } = await runInProcess(['completion', 'tcsh'], { cwd: room.folder, env: {} })
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  expect(stderr).toContain('Allowed choices are bash, zsh, fish')
})

const oddText = `it's "[a]" \`b\` $c \\ d: 100 %s`
const oddChoices = ["it's", 'two words', 'a$b', 'c:d', '`e`', '*', 'back\\slash']

function createToy(): Command {
  const toy = new Command('toy')
  toy
    .command('odd:verb')
    .description(oddText)
    .addOption(new Option('--mood <mood>', oddText).choices(oddChoices))
    .addArgument(new Argument('<what>').choices(oddChoices))
  toy.command('secret', { hidden: true })
  toy
    .addOption(new Option('-l, --level <level>', oddText).choices(['high', 'low']))
    .command('group')
    .addOption(new Option('--of <group>').choices(['one', 'other']))
    .command('verb')
    .argument('<file>')
    .argument('[more...]')
  return toy
}

const odd: Readonly<Record<string, readonly string[]>> = {
  'toy ': ['group', 'help', 'odd:verb'],
  'toy odd:verb ': oddChoices,
  'toy odd:verb --mood ': oddChoices,
  'toy odd:verb --mood tw': ['two words'],
  'toy odd:verb --mood "tw': ['two words'],
  'toy -l h': ['high'],
  'toy -l high gr': ['group'],
  'toy group --of other verb op': ['ops.json'],
  'toy group verb --of o': ['one', 'other'],
  'toy group verb --level lo': ['low'],
  'toy group verb x op': [],
}

function createProgram(): Command {
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {}, cwd: room.folder }
  return buildProgram({ ...io, signal: new AbortController().signal }, () => {})
}

function namesOfVerbs(): string[] {
  return createProgram().commands.map((command) => command.name())
}

/** A line for each place of the program, with what belongs there. */
function linesOf(command: Command, above: string): Record<string, readonly string[]> {
  const path = `${above}${command.name()} `
  const names = command.commands.map((child) => child.name())
  const own = command.options.map(({ long }) => long ?? '')
  const values = command.options.filter(({ required }) => required)
  return Object.assign(
    { [`${path}-`]: [...new Set([...own, ...everywhere])] },
    names.length > 0 ? { [path]: [...names, 'help'] } : {},
    Object.fromEntries(
      values
        .filter(({ flags }) => !flags.includes('<file>'))
        .map(({ long, argChoices = [] }) => [`${path}${long} `, argChoices]),
    ),
    ...command.commands.map((child) => linesOf(child, path)),
  )
}

function mapValues<Value, Result>(record: Readonly<Record<string, Value>>, map: (value: Value) => Result) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]))
}
