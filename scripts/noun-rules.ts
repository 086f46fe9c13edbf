import { posix } from 'node:path'
import { importsOf } from './imports.ts'

/** A file of the tree, by its path from the root. */
export interface TreeFile {
  path: string
  text: string
}

/** Where nouns have a folder each, layer by layer. */
const nounFolders = ['packages/api/src', 'apps/control-plane/src/nouns', 'apps/cli/src/nouns'] as const

/** Folders beside the nouns of `packages/api/src` that are none: what every noun builds on. */
const shared = new Set(['contract', 'generated', 'realtime'])

/** The files that may name nouns: each gets one line per noun. `index.ts` lists what a package exports. */
const central = ['nouns.ts', 'compose.ts', 'program.ts', 'layers.ts', 'index.ts']
/**
 * Sum the routes, which are built from the words of `nouns.ts` (in one file the two would import each other), and the
 * functions of the database, which siblings load without routes.
 */
const sums = ['packages/api/src/routes.ts', 'packages/api/src/functions.ts']

/** What is wrong with the imports of one file, as sentences; empty when nothing is. */
export function findNounFaults({ path, text }: TreeFile): string[] {
  if (!path.endsWith('.ts') || path.endsWith('.test.ts')) return []
  const own = nounOf(path)
  const isCentral = sums.includes(path) || central.includes(posix.basename(path))
  const targets = importsOf(text)
    .filter((specifier) => specifier.startsWith('.'))
    .map((specifier) => posix.join(posix.dirname(path), specifier))
  return targets.flatMap((target) => {
    const noun = nounOf(target)
    if (noun === undefined || noun === own) return []
    if (own !== undefined) return [`${path} imports ${target}: a noun uses no file of another noun`]
    if (isCentral || isShared(path)) return []
    return [`${path} imports ${target}: only ${central.join(', ')} name nouns`]
  })
}

function nounOf(path: string): string | undefined {
  const folder = nounFolders.find((base) => path.startsWith(`${base}/`))
  if (folder === undefined) return undefined
  const [noun, file] = path.slice(folder.length + 1).split('/')
  return file === undefined || noun === undefined || shared.has(noun) ? undefined : noun
}

/** `realtime` serves topics of all nouns; its own rule is that of the layers. */
function isShared(path: string): boolean {
  return path.startsWith('packages/api/src/realtime')
}

/**
 * What one noun's SQL names of another's: allowed are `core_api` functions, what `00_core` defines, and what a
 * lower-numbered noun defines in its `steps.sql`. Takes all files below `supabase/schemas`.
 */
export function findSqlNounFaults(files: readonly TreeFile[]): string[] {
  const definitions = new Map(files.flatMap(({ path, text }) => definedIn(text).map((name) => [name, path] as const)))
  return files.flatMap(({ path, text }) => {
    const noun = schemaOf(path)
    const named = new Set([...withoutComments(text).matchAll(/\bcore\.(\w+)/g)].map(([, name = '']) => name))
    return [...named].flatMap((name) => {
      const place = definitions.get(name)
      const owner = place === undefined ? undefined : schemaOf(place)
      if (place === undefined || owner === undefined || owner === noun || owner === '00_core') return []
      if (isSteps(place) && owner < noun) return []
      return [`${path} names core.${name} of ${owner}: ${owner < noun ? 'its steps.sql does not define it' : higher}`]
    })
  })
}

const higher = 'a noun with a higher number'

function schemaOf(path: string): string {
  return path.split('/')[2] ?? ''
}

function isSteps(path: string): boolean {
  return /(^|\/|_)steps\.sql$/.test(path)
}

const definition =
  /\bcreate\s+(?:or\s+replace\s+)?(?:unlogged\s+)?(?:function|procedure|table|view|sequence|domain|type)\s+core\.(\w+)/gi

function definedIn(text: string): string[] {
  return [...withoutComments(text).matchAll(definition)].map(([, name = '']) => name)
}

function withoutComments(text: string): string {
  return text.replaceAll(/--.*$/gm, '')
}
