import { type CoreSignature, coreSignatures, type Database, type RpcName, type RpcOptions } from '@core/database'
import { describe, expect, test } from 'vitest'
import { type FunctionArguments, toSqlName } from '../src/contract/function-argument.ts'
import type { FunctionDescription } from '../src/contract/function-description.ts'
import * as functions from '../src/functions.ts'

/** The parts of a description that the catalog has too. */
type Described = Pick<FunctionDescription, 'name'> & { readonly args: FunctionArguments }

const described: readonly Described[] = Object.values(functions).filter(
  (value): value is typeof functions.ledgerReserve => typeof value === 'object' && 'parse' in value && 'args' in value,
)

// The same for the compiler, which is asked at each change: a function without a description, and arguments that `rpc`
// would not take.
type Functions = typeof functions
type Port<Described> =
  Described extends FunctionDescription<infer Name, infer Arguments, unknown>
    ? functions.FunctionPort<Name, Arguments, RpcOptions>
    : unknown
type Undescribed = Exclude<RpcName, Extract<Functions[keyof Functions], FunctionDescription>['name']>
type Refused = { [Name in keyof Functions]: Database extends Port<Functions[Name]> ? never : Name }[keyof Functions]
/** Does not compile while there is one: its message has the name. */
const findFaults = (fault: Undescribed | Refused): never => fault

/** Where descriptions and the catalog of the migrations differ, as sentences; empty when nowhere. */
function findDifferences(descriptions: readonly Described[], catalog: readonly CoreSignature[]): string[] {
  const signatures = new Map(catalog.map((signature) => [signature.name, signature]))
  const names = descriptions.map(({ name }) => name)
  return [
    ...names.filter((name, index) => names.indexOf(name) !== index).map((name) => `${name} is described twice`),
    ...catalog.filter(({ name }) => !names.includes(name)).map(({ name }) => `${name} has no description`),
    ...descriptions.flatMap(({ name, args }) => {
      const signature = signatures.get(name)
      if (signature === undefined) return [`${name} is described and does not exist`]
      const wanted = new Map(signature.args.map((arg) => [arg.name, `${arg.type}${arg.required ? '' : ', optional'}`]))
      const given = new Map(
        Object.entries(args).map(([outside, arg]) => [
          toSqlName(outside, arg),
          `${arg.type}${arg.required ? '' : ', optional'}`,
        ]),
      )
      return [...new Set([...wanted.keys(), ...given.keys()])]
        .filter((arg) => wanted.get(arg) !== given.get(arg))
        .map(
          (arg) =>
            `${name} ${arg}: ${given.get(arg) ?? 'not described'}; in the database ${wanted.get(arg) ?? 'missing'}`,
        )
    }),
  ]
}

test('every function of core_api has one description, with its arguments and their types', () => {
  expect(findDifferences(described, coreSignatures)).toEqual([])
  expect(findFaults).toBeTypeOf('function')
})

describe('a difference is found', () => {
  const [signature] = coreSignatures.filter(({ name }) => name === 'ledger_void')
  const catalog = signature === undefined ? [] : [signature]
  const void_ = { name: 'ledger_void', args: functions.ledgerVoid.args }
  const { reason: _, ...withoutReason } = void_.args

  test.each([
    ['a function without a description', [], catalog, 'ledger_void has no description'],
    ['a description without a function', [void_], [], 'ledger_void is described and does not exist'],
    ['a second description', [void_, void_], catalog, 'ledger_void is described twice'],
    [
      'a missing argument',
      [{ ...void_, args: withoutReason }],
      catalog,
      'ledger_void p_reason: not described; in the database text, optional',
    ],
    [
      'an unknown argument',
      [{ ...void_, args: { ...void_.args, ifMatch: void_.args.key } }],
      catalog,
      'ledger_void p_if_match: text; in the database missing',
    ],
    [
      'another type',
      [{ ...void_, args: { ...void_.args, key: void_.args.hold } }],
      catalog,
      'ledger_void p_key: uuid; in the database text',
    ],
    [
      'an argument that is no longer optional',
      [void_],
      catalog.map((one) => ({ ...one, args: one.args.map((arg) => ({ ...arg, required: true })) })),
      'ledger_void p_reason: text, optional; in the database text',
    ],
  ])('%s', (_, descriptions, signatures, difference) => {
    expect(findDifferences(descriptions, signatures)).toEqual([difference])
  })

  test('the order of arguments is none', () => {
    const reversed = catalog.map((one) => ({ ...one, args: one.args.toReversed() }))
    expect(findDifferences([void_], reversed)).toEqual([])
  })
})
