import { fileURLToPath } from 'node:url'
import { type Setting, settings } from '../src/index.ts'

export interface GeneratedFile {
  /** Absolute path. */
  path: string
  content: string
}

/** The files this package generates, from the schema alone. */
export function generatedFiles(): GeneratedFile[] {
  return [
    { path: fromRoot('.env.example'), content: renderEnvironmentExample() },
    { path: fromRoot('docs/reference/config.md'), content: renderReference() },
  ]
}

function fromRoot(path: string): string {
  return fileURLToPath(new URL(`../../../${path}`, import.meta.url))
}

function renderEnvironmentExample(): string {
  const header = [
    '# Generated from packages/config/src/sections by `npm run generate`. Do not edit.',
    '#',
    '# Every variable Core reads, with its default or an example. Keep a copy as .env with the lines that differ:',
    '# core reads it in development. With NODE_ENV=production it does not; export the variables as you do elsewhere.',
  ]
  const entries = settings.flatMap((setting) => [
    '',
    ...wrap(setting.description, 118).map((line) => `# ${line}`),
    `# A right value: ${setting.expected}.`,
    `#${setting.variable}=${setting.defaultValue ?? setting.example ?? ''}`,
  ])
  return `${[...header, ...entries].join('\n')}\n`
}

function renderReference(): string {
  return `<!-- Generated from packages/config/src/sections by \`npm run generate\`. Do not edit. -->
# Configuration

Each setting comes from the last of these that has it: its default, \`core.config.json\` in the working directory, the
environment, what the program itself passes. The command adds \`.env\` of the working directory to the environment, unless
NODE_ENV is \`production\`; a variable that is set stays. A variable that is set to the empty text counts as unset. All faults are
reported at once, before anything starts; unknown keys of the file are faults, unknown \`CORE_\` variables are warned of.
Secrets are marked; they never show in errors, logs or printed configurations.

${renderTable(['Variable', 'In `core.config.json`', 'Default', 'A right value'], settings.map(toCells))}

${settings.map(renderSection).join('\n\n')}
`
}

function toCells({ variable, path, defaultValue, expected, secret }: Setting): string[] {
  const link = `[\`${variable}\`](#${variable.toLowerCase()})`
  return [secret ? `${link} (secret)` : link, `\`${path}\``, renderDefault(defaultValue), expected]
}

/** Columns are padded, as the formatter does. */
function renderTable(header: string[], rows: string[][]): string {
  const widths = header.map((_, column) => Math.max(...[header, ...rows].map((cells) => cells[column]?.length ?? 0)))
  const render = (cells: string[]) => `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const rule = widths.map((width) => '-'.repeat(width))
  return [header, rule, ...rows].map(render).join('\n')
}

function renderSection({ variable, description, example }: Setting): string {
  return `## ${variable}\n\n${description}${example ? ` Example: \`${example}\`.` : ''}`
}

function renderDefault(value: Setting['defaultValue']): string {
  return value === undefined ? '' : `\`${value}\``
}

function wrap(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1) ?? ''
    if (line && line.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = line ? `${line} ${word}` : word
  }
  return lines
}
