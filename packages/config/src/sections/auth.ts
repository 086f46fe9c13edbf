import { z } from 'zod/mini'
import { isOrigin } from '../list-setting.ts'
import { settingRegistry } from '../setting-registry.ts'
import { expectedPrintable, listOf, printable, textThat, webUrl } from './value.ts'

export const authSection = z.prefault(
  z.strictObject({
    provider: z._default(z.enum(['local', 'oidc', 'supabase', 'tokens']), 'local').register(settingRegistry, {
      variable: 'CORE_AUTH_PROVIDER',
      description:
        'How people sign in: `local` with an owner key, `oidc` at any issuer of OpenID Connect, `supabase` at Supabase ' +
        'Auth, `tokens` with a token of an issuer whose own page they use. The flag `providers.auth` changes it at run ' +
        'time, to `local` or back.',
    }),
    issuer: z.optional(webUrl).register(settingRegistry, {
      variable: 'CORE_AUTH_ISSUER',
      description:
        'Where people sign in: the issuer as its claim `iss` says it, for `supabase` the URL that ends in /auth/v1. ' +
        'Where CORE_JWT_ISSUER is set it must be the same, because a subject names one person.',
      expected: 'a URL that begins with https://, or with http:// for this machine',
      example: 'https://example.eu.auth0.com/',
    }),
    clientId: z.optional(printable).register(settingRegistry, {
      variable: 'CORE_AUTH_CLIENT_ID',
      description:
        'For `oidc` the client as it is registered at the issuer, with the redirect URI `/v1/login/callback`; for ' +
        '`supabase` the provider there, such as github; for `tokens` the claim `azp` that a token must have.',
      expected: expectedPrintable,
      example: 'core',
    }),
    clientSecret: z.optional(printable).register(settingRegistry, {
      variable: 'CORE_AUTH_CLIENT_SECRET',
      description:
        'For `oidc` the secret of the client; unset, it is a public one that PKCE protects. For `supabase` the publishable key.',
      expected: expectedPrintable,
      secret: true,
    }),
    redirectOrigins: z._default(listOf(textThat(isOrigin)), []).register(settingRegistry, {
      variable: 'CORE_AUTH_REDIRECT_ORIGINS',
      description: 'Origins beside its own to which the control plane sends people after they have signed in.',
      expected: 'a list of origins, each without a path or a wildcard',
      example: 'https://dashboard.example',
    }),
  }),
  {},
)
