import { startDeadline } from '@core/foundation'
import { migrateUp } from '../migrate/index.ts'
import { openDatabase } from '../open-database.ts'
import { withSession } from '../sql-session.ts'
import { type CatalogArgument, type CatalogFunction, readCatalog } from './read-catalog.ts'

export interface GeneratedFile {
  /** Below src/generated. */
  name: string
  text: string
}

const header = '// Made by packages/database/scripts/generate.ts from the migrated catalog. Do not edit.\n'
const TIMEOUT_MS = 60_000

/**
 * Migrates a database and writes its catalog down as TypeScript. Deterministic. Of an empty one in memory unless an address
 * of a Postgres server is given, which takes a seventh of the CPU.
 */
export async function generateDatabaseTypes(url?: string): Promise<GeneratedFile[]> {
  await using database = await openDatabase(
    url === undefined ? { driver: 'embedded', dataDir: 'memory' } : { driver: 'postgres', url },
  )
  await migrateUp({ database })
  using deadline = startDeadline('reading the catalog', {}, TIMEOUT_MS)
  const functions = await withSession(database, readCatalog, deadline)
  return [
    { name: 'functions.ts', text: toFunctionTypes(functions) },
    { name: 'signatures.ts', text: toSignatureTable(functions) },
  ]
}

function toFunctionTypes(functions: readonly CatalogFunction[]): string {
  const members = functions.map(({ name, comment, args, returns }) => {
    const doc = comment ? `  /** ${comment.replaceAll('*/', '* /')} */\n` : ''
    return `${doc}  ${name}: {\n    args: ${toArgs(args, comment ?? '')}\n    result: ${toResult(returns)}\n  }`
  })
  const uses = /\bJsonInput\b/.test(members.join()) ? 'Json, JsonInput' : 'Json'
  return (
    `${header}import type { ${uses} } from '../json.ts'\n\n` +
    `/** The functions of core_api: names, arguments and answers. */\n` +
    `export interface CoreFunctions {\n${members.join('\n')}\n}\n`
  )
}

/** Null is allowed where it is the default, or where the function's comment gives it a meaning: "p_limit null". */
function toArgs(args: readonly CatalogArgument[], comment: string): string {
  if (args.length === 0) return 'Record<never, never>'
  const lines = args.map(({ name, baseType, required, nullable }) => {
    const type = toInput(baseType)
    // Json holds null and undefined already.
    const mayBeNull = nullable || comment.includes(`${name} null`)
    const value = type === 'JsonInput' ? type : `${type}${mayBeNull ? ' | null' : ''}${required ? '' : ' | undefined'}`
    return `      ${name}${required ? '' : '?'}: ${value}\n`
  })
  return `{\n${lines.join('')}    }`
}

function toInput(type: string): string {
  if (type.endsWith('[]')) return `readonly ${toInput(type.slice(0, -2))}[]`
  switch (type) {
    case 'json':
    case 'jsonb':
      return 'JsonInput'
    case 'boolean':
      return 'boolean'
    case 'smallint':
    case 'integer':
    case 'bigint':
    case 'real':
    case 'double precision':
    case 'numeric':
      return 'number'
    default:
      return 'string'
  }
}

function toResult(type: string): string {
  if (type === 'void') return 'null'
  return type === 'json' || type === 'jsonb' ? 'Json' : `${toInput(type)} | null`
}

/** A line for each, which is smaller in a program than a table of objects. */
function toSignatureTable(functions: readonly CatalogFunction[]): string {
  const lines = functions.map(({ name, args, returns, isForMembers }) => {
    const list = args.map((arg) => `${arg.name} ${arg.type}${arg.required ? '' : '?'}`)
    return `${name}(${list.join(', ')}) ${returns}${isForMembers ? '' : ' owner'}\n`
  })
  return (
    `${header}import { parseSignature } from '../parse-signature.ts'\n\n` +
    `/** What this version of Core expects of core_api: arguments with ? may be left out, and \`owner\` is for no member. */\n` +
    `const lines = \`\n${lines.join('')}\`\n\n` +
    `export const coreSignatures = lines.trim().split('\\n').map(parseSignature)\n`
  )
}
