import { toJwtClaims } from './claims.ts'
import type { Claims } from './database.ts'
import { encodeArgument } from './encode-argument.ts'
import { checkArguments, type FunctionSignature } from './function-signature.ts'
import type { JsonInput } from './json.ts'

export interface Statement {
  sql: string
  params: (string | null)[]
}

/** Texts already built; bounded, because a caller may vary which optional arguments it sends. */
const texts = new Map<string, string>()
const TEXTS_LIMIT = 1_000

/**
 * One statement that first sets the claims, then calls the function. The claims live for this transaction only; a
 * call without claims sets none, whatever the connection was used for before. The condition is what makes the order
 * certain: the function is evaluated for a row that has passed it. (As a CTE it took 7 % more of a call that does nothing.)
 * Answers have their times in UTC, whatever time zone a host has set for the database or the role.
 */
export function toRpcStatement(
  signature: FunctionSignature,
  args: Readonly<Record<string, JsonInput>>,
  claims: Claims | undefined,
): Statement {
  checkArguments(signature, args)
  const params: (string | null)[] = [claims ? JSON.stringify(toJwtClaims(claims)) : '']
  let key = signature.name
  const used: string[] = []
  for (const { name, type } of signature.args) {
    const value = args[name]
    if (value === undefined) continue
    params.push(encodeArgument(name, type, value))
    used.push(name)
    key += `,${name}`
  }
  const text = texts.get(key) ?? buildText(signature, used)
  if (!texts.has(key)) {
    if (texts.size >= TEXTS_LIMIT) texts.clear()
    texts.set(key, text)
  }
  return { sql: text, params }
}

function buildText(signature: FunctionSignature, used: readonly string[]): string {
  const list = used.map((name, index) => `${quoteIdentifier(name)} => $${index + 2}`).join(', ')
  const call = `core_api.${quoteIdentifier(signature.name)}(${list})`
  // to_jsonb would copy what is JSON already, key by key.
  const answer = ['json', 'jsonb', 'void'].includes(signature.returns)
    ? `${call}::text`
    : `pg_catalog.to_jsonb(${call})::text`
  return (
    `select ${answer} as answer where pg_catalog.set_config('request.jwt.claims', $1, true) is not null ` +
    `and pg_catalog.set_config('TimeZone', 'UTC', true) is not null`
  )
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
