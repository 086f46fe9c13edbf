import { CoreError } from '@core/foundation'
import type { FoundPrice } from './price-book.ts'

/** @throws CoreError E_NOT_FOUND where no price was found: what is unknown is never free. */
export function requirePrice(found: FoundPrice | undefined, provider: string, model: string): FoundPrice {
  if (found !== undefined) return found
  throw new CoreError('E_NOT_FOUND', `there is no price for ${model} of ${provider}: the model was not called`, {
    fix: `Set one: core prices set ${provider} ${model} --input <usd per million> --output <usd per million>.`,
    details: { provider, model },
  })
}
