import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'

export const priceSection = z.prefault(
  z.strictObject({
    unknown: z._default(z.enum(['refuse', 'dearest']), 'refuse').register(settingRegistry, {
      variable: 'CORE_PRICE_UNKNOWN',
      description:
        'What a call of a model without a price costs: `refuse` does not send it; `dearest` charges the highest rates of ' +
        'its provider, or of all models where the provider has none. It is never free.',
    }),
  }),
  {},
)
