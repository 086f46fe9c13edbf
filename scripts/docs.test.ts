import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { buildProgram } from '../apps/cli/src/program.ts'
import { commandsOf, readMarkdown } from './markdown.ts'
import { root } from './root.ts'
import { listFiles } from './tree.ts'

const documents = listFiles()
  .filter((path) => path.endsWith('.md'))
  .map((path) => ({ path, ...readMarkdown(readFileSync(join(root, path), 'utf8')) }))
const rootScripts: Record<string, string> = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).scripts

test.each(documents)('$path links only to what is there', ({ path, links }) => {
  const dead = links.filter((link) => !/^[a-z]+:/.test(link)).filter((link) => !leadsSomewhere(path, link))
  expect(dead).toEqual([])
})

test.each(documents)('$path shows only commands that exist', ({ blocks }) => {
  const shell = blocks.filter(({ language }) => ['sh', 'bash', 'console'].includes(language))
  expect(shell.flatMap(commandsOf).flatMap(faultsOfCommand)).toEqual([])
})

/** In a sentence a command is named, mostly without its operands. */
test.each(documents)('$path names only commands and options that exist', ({ inline }) => {
  const named = inline.filter((code) => /^core [a-z-]+( |$)/.test(code)).flatMap(faultsOfCommand)
  expect(named.filter((fault) => fault.includes(' has no '))).toEqual([])
})

test.each(['docs/guides', 'docs/decisions'])('%s/README.md lists every page of its folder', (folder) => {
  const index = documents.find(({ path }) => path === `${folder}/README.md`)
  const pages = documents
    .map(({ path }) => path)
    .filter((path) => path.startsWith(`${folder}/`) && path !== index?.path)
  expect(index?.links.map((link) => `${folder}/${link}`).sort()).toEqual(pages.sort())
})

describe('what the check would say', () => {
  test.each([
    ['npm run no-such-script', 'no script no-such-script'],
    ['npm run core -- credits blance', 'core credits has no blance'],
    ['core credits grant pool 5 --raeson x', 'core credits grant has no option --raeson'],
    ['node bootstrap.mjs core credits grant pool', 'core credits grant wants 2 arguments'],
    ['echo x | core statsu', 'core has no statsu'],
    ['core completion tcsh > somewhere', 'core completion knows no tcsh'],
    ['core errors list --status closed', '--status knows no closed'],
    ['core credits usage --per=year', '--per knows no year'],
  ])('%s', (command, complaint) => {
    expect(faultsOfCommand(command).join()).toContain(complaint)
  })

  test('a link to a missing file or heading leads nowhere', () => {
    expect(leadsSomewhere('README.md', 'docs/no-such-file.md')).toBe(false)
    expect(leadsSomewhere('README.md', '#no-such-heading')).toBe(false)
    expect(leadsSomewhere('README.md', 'CONTRIBUTING.md')).toBe(true)
  })

  test.each([
    'npm start',
    'npm test -- ledger',
    'core credits reserve smart_layer 2.5 --ttl 60',
    'core migrate up',
    'core completion bash > somewhere',
    'core events tail flag key',
    'core keys verify <key',
    'core worker --queue index -- python3 work.py --fast',
  ])('%s passes', (command) => expect(faultsOfCommand(command)).toEqual([]))
})

function leadsSomewhere(from: string, link: string): boolean {
  const [file = '', anchor] = link.split('#')
  const target = file === '' ? from : normalize(join(dirname(from), file))
  if (!existsSync(join(root, target))) return false
  return anchor === undefined || (documents.find(({ path }) => path === target)?.anchors.has(anchor) ?? false)
}

/** Every part of a pipeline that starts one of our own programs. */
function faultsOfCommand(line: string): string[] {
  return line.split(/\s*(?:\||&&|;|\$\()\s*/).flatMap((part) => {
    const words = wordsOf(part)
    while (words[0] !== undefined && /^[A-Z_]+=/.test(words[0])) words.shift()
    const [program, first, second] = words
    if (program === 'core') return faultsOfVerb(words.slice(1))
    if (program === 'node' && first === 'bootstrap.mjs') {
      return second === 'core' ? faultsOfVerb(words.slice(3)) : faultsOfScript(second)
    }
    if (program === 'npm' && first === 'run') {
      const script = words.slice(2).find((word) => !word.startsWith('-'))
      const rest = words.indexOf('--')
      return script === 'core' && rest > 0 ? faultsOfVerb(words.slice(rest + 1)) : faultsOfScript(script)
    }
    if (program === 'npm' && (first === 'start' || first === 'test')) return faultsOfScript(first)
    return []
  })
}

function faultsOfScript(name: string | undefined): string[] {
  return name !== undefined && name in rootScripts ? [] : [`package.json has no script ${name}`]
}

function faultsOfVerb(words: readonly string[]): string[] {
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {}, cwd: root }
  let command = buildProgram({ ...io, signal: new AbortController().signal }, () => {})
  const path = ['core']
  const commands = [command]
  const operands: string[] = []
  for (let index = 0; index < words.length; index++) {
    const word = words[index] ?? ''
    const [name = ''] = word.split('=')
    // What follows is another program's.
    if (word === '--') {
      operands.push(...words.slice(index + 1))
      break
    }
    if (name.startsWith('--') && name !== '--help') {
      const option = commands.flatMap(({ options }) => options).find(({ long }) => long === name)
      if (!option) return [`${path.join(' ')} has no option ${name}`]
      if (option.isBoolean()) continue
      const value = word.includes('=') ? word.slice(name.length + 1) : (words[++index] ?? '')
      if (!isChoice(option, value)) return [`${name} knows no ${value}`]
    } else if (command.commands.length > 0) {
      const next: typeof command | undefined = command.commands.find((child) => child.name() === word)
      if (!next) return [`${path.join(' ')} has no ${word}`]
      command = next
      commands.push(next)
      path.push(word)
    } else {
      operands.push(word)
    }
  }
  const known = command.registeredArguments
  const least = known.filter(({ required }) => required).length
  const most = known.some(({ variadic }) => variadic) ? Number.POSITIVE_INFINITY : known.length
  if (operands.length >= least && operands.length <= most) {
    const strange = operands.find((operand, index) => !isChoice(known[Math.min(index, known.length - 1)], operand))
    return strange === undefined ? [] : [`${path.join(' ')} knows no ${strange}`]
  }
  return [`${path.join(' ')} wants ${least === most ? least : `${least} to ${most}`} arguments, not ${operands.length}`]
}

function isChoice(place: { argChoices?: string[] } | undefined, word: string): boolean {
  return place?.argChoices?.includes(word) ?? true
}

/** Splits at spaces outside quotes; redirections and their files are not words. */
function wordsOf(text: string): string[] {
  const words = [...text.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word)
  return words.filter((word, index) => !/^[<>]/.test(word) && !/^[<>]+$/.test(words[index - 1] ?? ''))
}
