import { readFileSync } from 'node:fs'
import { isObject, suggestName } from '@core/foundation'
import type { ConfigFault } from './config-fault.ts'
import type { Layer } from './layer.ts'
import { settings } from './setting.ts'

/** Reads a JSON configuration file. A missing file is an empty layer, unless it was asked for by name. */
export function readConfigFile(file: string, { required }: { required: boolean }): Layer {
  const wholeFile = (found: string, expected: string): Layer => ({
    source: 'file',
    values: new Map(),
    faults: [{ variable: undefined, path: '', source: 'file', found, expected }],
  })
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' && !required) return { source: 'file', values: new Map(), faults: [] }
    return wholeFile(code === 'ENOENT' ? 'no file' : `a file that cannot be read (${code})`, 'a readable JSON file')
  }
  let json: unknown
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ''))
  } catch (error) {
    // The message of JSON.parse may quote the file, and with it a secret: only the position is taken from it.
    const position = /\(line \d+ column \d+\)/.exec(error instanceof Error ? error.message : '')
    return wholeFile(`a text that is not JSON${position ? ` ${position[0]}` : ''}`, 'a JSON object')
  }
  return readTree(json, 'file')
}

/** Flattens an object of the schema's shape into values by path; unknown keys and misplaced sections are faults. */
export function readTree(tree: unknown, source: 'file' | 'overrides'): Layer {
  const values = new Map<string, unknown>()
  const faults: ConfigFault[] = []
  const visit = (node: unknown, path: string) => {
    if (!isObject(node)) {
      faults.push({ variable: undefined, path, source, found: showKind(node), expected: 'an object of settings' })
      return
    }
    for (const [key, value] of Object.entries(node)) {
      const here = path ? `${path}.${key}` : key
      if (value === undefined) continue
      if (key.includes('.')) faults.push(dottedKey(here, source))
      else if (settingPaths.has(here)) values.set(here, value)
      else if (sectionPaths.has(here)) visit(value, here)
      else faults.push(unknownKey(here, source))
    }
  }
  visit(tree, '')
  return { source, values, faults }
}

function dottedKey(path: string, source: 'file' | 'overrides'): ConfigFault {
  const expected = 'one object inside the other, as { "http": { "port": 4400 } }'
  return { variable: undefined, path, source, found: 'a key with a dot', expected }
}

function unknownKey(path: string, source: 'file' | 'overrides'): ConfigFault {
  const near = (name: string) => suggestName(name, writtenNames.keys())
  const written = near(path) ?? near(path.split('.').at(-1) ?? '')
  const meant = written && writtenNames.get(written)
  const expected = meant ? `a known key; did you mean "${meant}"?` : 'a known key'
  return { variable: undefined, path, source, found: 'an unknown key', expected }
}

const settingPaths = new Set(settings.map(({ path }) => path))
const sectionPaths = new Set(
  settings.flatMap(({ path }) => path.split('.').map((_, index, keys) => keys.slice(0, index).join('.'))),
)
/** Every way somebody may write a key: its last part, its variable, its path, and the sections'. */
const writtenNames = new Map([
  // Of several settings with the same last part the first is meant: http.port, not metrics.port.
  ...[...settings].reverse().map(({ path }): [string, string] => [path.split('.').at(-1) ?? path, path]),
  ...settings.map(({ variable, path }): [string, string] => [variable, path]),
  ...[...sectionPaths, ...settingPaths].filter(Boolean).map((path): [string, string] => [path, path]),
])

/** A section of the wrong kind may hold secrets, so its kind is named and not its content. */
function showKind(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`
}
