import type { Argument, Command, Option } from 'commander'
import { exitCodes } from '../src/exit-code.ts'
import { buildProgram } from '../src/program.ts'

/** Every verb with its arguments and options, as a page of the reference. */
export function renderReference(): string {
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {}, cwd: process.cwd() }
  const program = buildProgram({ ...io, signal: new AbortController().signal }, () => {})
  return `${[
    '# The command core',
    '',
    'Generated from apps/cli by `npm run generate`. Do not edit. [Use the command](../guides/use-the-command.md) explains it.',
    '',
    '## For every verb',
    '',
    ...listOf(program),
    '',
    `Exit codes: ${Object.entries(exitCodes)
      .map(([name, code]) => `${code} ${words(name)}`)
      .join(', ')}.`,
    ...leavesOf(program, []).flatMap(renderVerb),
  ].join('\n')}\n`
}

interface Leaf {
  command: Command
  path: readonly string[]
}

function leavesOf(command: Command, path: readonly string[]): Leaf[] {
  const here = [...path, command.name()]
  if (command.commands.length === 0) return [{ command, path: here }]
  return command.commands.flatMap((child) => leavesOf(child, here))
}

function renderVerb({ command, path }: Leaf): string[] {
  const operands = command.registeredArguments.map(nameOf)
  const described = command.registeredArguments.filter(({ description }) => description !== '')
  const list = [
    ...described.flatMap((one) => [`- \`${nameOf(one)}\`: ${one.description}${fewOf(one)}`, ...manyOf(one)]),
    ...listOf(command),
  ]
  return [
    '',
    `## ${path.join(' ')}`,
    '',
    `\`${[...path, ...operands].join(' ')}\``,
    '',
    `${capital(command.description())}.`,
    ...(list.length === 0 ? [] : ['', ...list]),
  ]
}

function nameOf(one: Argument): string {
  const name = `${one.name()}${one.variadic ? '...' : ''}`
  return one.required ? `<${name}>` : `[${name}]`
}

function listOf({ options }: Command): string[] {
  return options.flatMap((option) => {
    const { flags, description, defaultValue } = option
    const fallback = typeof defaultValue === 'string' && defaultValue !== '' ? ` (default: ${defaultValue})` : ''
    return [`- \`${flags}\`: ${description}${fewOf(option)}${fallback}`, ...manyOf(option)]
  })
}

/** As many choices as a line holds. */
const most = 8

function fewOf({ argChoices: choices = [] }: Argument | Option): string {
  return choices.length > 0 && choices.length <= most ? ` (${choices.join(', ')})` : ''
}

/** One a line, so that nouns that are added side by side do not edit the same one. */
function manyOf({ argChoices: choices = [] }: Argument | Option): string[] {
  return choices.length > most ? choices.map((choice) => `  - \`${choice}\``) : []
}

const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** notFound → not found */
const words = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
