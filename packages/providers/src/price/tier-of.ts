/** What a provider serves unasked; it has the prices without a tier. */
const standardTiers: readonly string[] = ['auto', 'default', 'standard', 'standard_only']

/** The service tier of a request (`service_tier`) where it has prices of its own; undefined for the standard one. */
export function tierOf(value: unknown): string | undefined {
  return typeof value !== 'string' || value === '' || standardTiers.includes(value) ? undefined : value
}
