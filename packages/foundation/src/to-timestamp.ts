/**
 * A time as every answer writes it, RFC 3339 in UTC with a numeric offset: 2026-11-20T09:30:00.000+00:00. It is the form
 * that Postgres gives, so that times made here and there look alike.
 */
export function toTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace('Z', '+00:00')
}
