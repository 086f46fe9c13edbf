import type { Argument, Command, Option } from 'commander'

/** What may be in a place: one of some words, a file, or anything at all, where there is nothing to suggest. */
export type Value = { kind: 'choice'; choices: readonly string[] } | { kind: 'file' } | { kind: 'free' }

/** A word that completes what was typed. */
export interface Suggestion {
  word: string
  description: string
}

export interface DescribedOption extends Suggestion {
  /** undefined: it takes none */
  value: Value | undefined
}

export interface DescribedVerb {
  /** From the program on: `core credits reserve`. */
  path: string
  verbs: readonly Suggestion[]
  /** Its own; those of the verbs above hold as well. */
  options: readonly DescribedOption[]
  operands: readonly { value: Value; isVariadic: boolean }[]
}

/** Every verb of a program with all that a shell can complete, the program itself first. */
export function describeVerbs(program: Command): DescribedVerb[] {
  return describe(program, '', [])
}

function describe(command: Command, above: string, inherited: readonly string[]): DescribedVerb[] {
  const help = command.createHelp()
  const path = `${above} ${command.name()}`.trimStart()
  const visible = help.visibleCommands(command)
  const children = visible.filter((child) => command.commands.includes(child))
  const added = visible.filter((child) => !command.commands.includes(child)) // help, by commander itself
  const options = help
    .visibleOptions(command)
    .flatMap(describeOption)
    .filter(({ word }) => !inherited.includes(word))
  const known = [...inherited, ...options.map(({ word }) => word)]
  const names = children.map((child) => child.name())
  return [
    {
      path,
      verbs: visible.map((child) => ({ word: child.name(), description: child.description() })),
      options,
      operands: command.registeredArguments.map((argument) => ({
        value: toValue(argument.name(), argument),
        isVariadic: argument.variadic,
      })),
    },
    ...children.flatMap((child) => describe(child, path, known)),
    ...added.map((child) => describeHelp(`${path} ${child.name()}`, names)),
  ]
}

/** `core credits help` takes the name of a verb beside it. */
function describeHelp(path: string, choices: readonly string[]): DescribedVerb {
  return { path, verbs: [], options: [], operands: [{ value: { kind: 'choice', choices }, isVariadic: false }] }
}

function describeOption(option: Option): DescribedOption[] {
  const takesValue = option.required || option.optional
  const [name = ''] = /(?<=[<[])[^\]>.]+/.exec(option.flags) ?? []
  const value = takesValue ? toValue(name, option) : undefined
  return [option.long, option.short]
    .filter((word) => word !== undefined && word !== null)
    .map((word) => ({ word, description: option.description, value }))
}

/** A value called file is one: `--items <file>`. */
function toValue(name: string, { argChoices }: Pick<Argument | Option, 'argChoices'>): Value {
  if (argChoices) return { kind: 'choice', choices: argChoices }
  return { kind: name === 'file' ? 'file' : 'free' }
}
