declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http'

  /** The part of the library that the tests use. */
  class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>)
    callback(): RequestListener
  }

  export = Provider
}
