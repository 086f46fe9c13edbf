import { createFlags, type FlagDeclarations, type Flags } from '@core/config/flags'
import type { Context } from './context.ts'

export function openFlags<Declarations extends FlagDeclarations>(
  { project, database, clock, logger, random }: Context,
  declarations: Declarations,
): Flags<Declarations> {
  return createFlags({ declarations, project, database, clock, logger, random })
}
