import { CoreError } from '@core/foundation'
import { z } from 'zod/mini'
import { deepFreeze } from '../deep-freeze.ts'

/** A flag that is on or off, or with a schema one of any type that JSON can carry. */
export interface FlagDeclaration {
  /** What it changes, for the person about to change it. */
  readonly description: string
  /** Holds where nothing overrides it, and while the database has never been reached. */
  readonly default: unknown
  /** What an override must be; left out, a boolean. */
  readonly schema?: z.core.$ZodType
}

export type FlagDeclarations = Readonly<Record<string, FlagDeclaration>>

export type FlagValue<Declaration extends FlagDeclaration> = Declaration extends { readonly schema: infer Schema }
  ? z.output<Schema>
  : boolean

/** Makes the compiler check each default against its own schema. */
type Checked<Declarations extends FlagDeclarations> = {
  readonly [Name in keyof Declarations]: { readonly default: FlagValue<Declarations[Name]> }
}

/**
 * Declares the flags a program reads. Names are those of the database: lowercase letters, digits and `_ . -`.
 * @throws CoreError E_INVALID for a malformed name or a default that its own schema refuses.
 */
export function declareFlags<const Declarations extends FlagDeclarations>(
  declarations: Declarations & Checked<Declarations>,
): Declarations {
  for (const [name, declaration] of Object.entries<FlagDeclaration>(declarations)) {
    if (!/^[a-z][a-z0-9_.-]{0,99}$/.test(name)) {
      throw new CoreError('E_INVALID', `${JSON.stringify(name)} cannot name a flag`, {
        fix: 'Use 1 to 100 lowercase letters, digits and _ . - beginning with a letter.',
      })
    }
    const accepted = z.safeParse(flagSchema(declaration), declaration.default)
    if (!accepted.success) {
      throw new CoreError('E_INVALID', `the default of the flag ${name} does not fit its schema`, {
        cause: accepted.error,
      })
    }
    deepFreeze(declaration.default)
  }
  return declarations
}

export function flagSchema({ schema }: FlagDeclaration): z.core.$ZodType {
  return schema ?? onOrOff
}

const onOrOff = z.boolean()
