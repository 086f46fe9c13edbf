import { CoreError } from '@core/foundation'
import type { JsonInput } from './json.ts'

/** A function of core_api as the database has it: the type of an argument there decides its encoding. */
export interface FunctionSignature {
  readonly name: string
  readonly args: readonly { readonly name: string; readonly type: string; readonly required: boolean }[]
  /** A type as Postgres names it: `jsonb`, `void`. */
  readonly returns: string
}

/** A function of this version of Core, as its migrations create it. */
export interface CoreSignature extends FunctionSignature {
  /** Whether a project's own credential may call it (the grant to core_member). */
  readonly isForMembers: boolean
}

export type Signatures = ReadonlyMap<string, FunctionSignature>

/** One round trip for all of them, also where the host quotes all identifiers; overloads are not supported, and core_api has none. */
export const signaturesSql = `
  select coalesce(jsonb_agg(jsonb_build_object(
    'name', p.proname,
    'returns', pg_catalog.replace(pg_catalog.format_type(p.prorettype, null), '"', ''),
    'args', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'name', p.proargnames[a.position],
        'type', pg_catalog.replace(pg_catalog.format_type(a.type, null), '"', ''),
        'required', a.position <= p.pronargs - p.pronargdefaults) order by a.position), '[]')
      from unnest(p.proargtypes::oid[]) with ordinality as a(type, position))
  )), '[]')::text as signatures
  from pg_catalog.pg_proc p
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  where n.nspname = 'core_api' and p.prokind = 'f'`

export function toSignatures(text: string): Signatures {
  const rows: FunctionSignature[] = JSON.parse(text)
  return new Map(rows.map((row) => [row.name, row]))
}

/** Checks that arguments are known and required ones are present. Throws E_INVALID. */
export function checkArguments(signature: FunctionSignature, args: Readonly<Record<string, JsonInput>>): void {
  for (const name in args) {
    if (args[name] !== undefined && !signature.args.some((arg) => arg.name === name)) {
      const known = signature.args.map((arg) => arg.name).join(', ') || '(none)'
      throw new CoreError('E_INVALID', `core_api.${signature.name} has no argument ${JSON.stringify(name)}`, {
        fix: `Its arguments are: ${known}.`,
        details: { reason: 'unknown_argument', argument: name },
      })
    }
  }
  for (const arg of signature.args) {
    if (arg.required && args[arg.name] === undefined) {
      throw new CoreError('E_INVALID', `core_api.${signature.name} needs the argument ${arg.name}`, {
        fix: `Send ${arg.name} (${arg.type}).`,
        details: { reason: 'missing_argument', argument: arg.name },
      })
    }
  }
}
