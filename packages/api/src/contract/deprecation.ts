import { CoreError } from '@core/foundation'

/** That a route is on its way out. */
export interface Deprecation {
  /** From when on no new client should use it; an RFC 3339 date or instant. */
  readonly since: string
  /** When it may stop to answer; left out: not decided. */
  readonly sunset?: string
  /** Where it says what to use instead: an address, absolute or of this server. */
  readonly link: string
}

/**
 * What every answer of a deprecated route carries: `Deprecation` (RFC 9745), `Sunset` (RFC 8594), and a `Link` to the
 * page that explains it.
 * @throws CoreError E_INTERNAL for dates that are none, or an end before its beginning.
 */
export function toDeprecationHeaders({ since, sunset, link }: Deprecation): Record<string, string> {
  const [from, until] = [Date.parse(since), sunset === undefined ? Number.POSITIVE_INFINITY : Date.parse(sunset)]
  if (!(from < until) || !/^[!#-;=?-Z_a-z~[\]]+$/.test(link)) {
    throw new CoreError(
      'E_INTERNAL',
      `a route is deprecated since ${since} until ${sunset ?? 'some time'}, see ${link}`,
      {
        fix: 'Give dates as 2026-11-20, the sunset after the deprecation, and a link without spaces or brackets.',
      },
    )
  }
  return {
    deprecation: `@${Math.floor(from / 1000)}`,
    ...(sunset === undefined ? {} : { sunset: new Date(until).toUTCString() }),
    link: `<${link}>; rel="deprecation"; type="text/html"`,
  }
}

/** The same in words, for the docs. */
export function describeDeprecation({ since, sunset }: Deprecation): string {
  return `Deprecated since ${since}${sunset === undefined ? '' : `; may be gone from ${sunset} on`}`
}
