import { CoreError } from '@core/foundation'
import { createSealer } from '@core/foundation/seal'
import { z } from 'zod/mini'
import type { SignedUrl, SignedUrlOptions } from './storage.ts'

/** What a URL allows, for stores that have no address of their own. */
export interface UrlGrant {
  readonly store: string
  readonly key: string
  readonly method: 'GET' | 'PUT'
  readonly expiresAtMs: number
  readonly contentType?: string | undefined
  readonly maxBytes?: number | undefined
  readonly downloadName?: string | undefined
}

/** Seals texts so that none can be read, made or changed without the key; `Sealer` of @core/foundation/seal is one. */
export interface TokenSealer {
  seal(place: readonly string[], text: string): string
  open(place: readonly string[], sealed: string): string
}

export interface UrlSigner {
  sign(store: string, key: string, options: SignedUrlOptions): SignedUrl
  /** @throws CoreError E_FORBIDDEN for a token that was not made here, or whose time is over. */
  read(token: string): UrlGrant
}

const place = ['storage', 'url'] as const
const grantSchema = z.strictObject({
  store: z.string(),
  key: z.string(),
  method: z.enum(['GET', 'PUT']),
  expiresAtMs: z.int(),
  contentType: z.optional(z.string()),
  maxBytes: z.optional(z.int()),
  downloadName: z.optional(z.string()),
})

export interface UrlSignerOptions {
  /** Where `/v1/storage/{token}` is served: `https://core.example`. */
  readonly baseUrl: string | (() => string)
  /** A key of 32 bytes in base64, or what seals with one that others know: that of the control plane. */
  readonly sealer: string | TokenSealer
  readonly now?: () => number
}

/** Makes and reads URLs `/v1/storage/{token}`: the token is all that it takes, sealed with authentication. */
export function createUrlSigner({ baseUrl, sealer, now = Date.now }: UrlSignerOptions): UrlSigner {
  const { seal, open } = typeof sealer === 'string' ? createSealer([sealer]) : sealer
  return {
    sign(store, key, { method, expiresSeconds, contentType, maxBytes, downloadName }) {
      const expiresAtMs = now() + expiresSeconds * 1000
      const grant: UrlGrant = { store, key, method, expiresAtMs, contentType, maxBytes, downloadName }
      const base = typeof baseUrl === 'string' ? baseUrl : baseUrl()
      const url = `${base.replace(/\/+$/, '')}/v1/storage/${seal(place, JSON.stringify(grant))}`
      const headers = method === 'PUT' && contentType !== undefined ? { 'content-type': contentType } : {}
      return { url, method, headers, expiresAt: new Date(expiresAtMs) }
    },
    read(token) {
      const grant = readGrant(open, token)
      if (grant === undefined) throw refused('was not made by this installation')
      if (grant.expiresAtMs <= now()) throw refused('has expired')
      return grant
    },
  }
}

function readGrant(open: TokenSealer['open'], token: string): UrlGrant | undefined {
  try {
    return grantSchema.parse(JSON.parse(open(place, token)))
  } catch {
    return undefined
  }
}

function refused(finding: string): CoreError {
  return new CoreError('E_FORBIDDEN', `the signed address ${finding}`, {
    fix: 'Ask for a new one.',
    details: { reason: 'signed_url' },
  })
}
