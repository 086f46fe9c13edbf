import { z } from 'zod/mini'
import { isAudience, isClaimPath, isKeyAddress } from '../jwt-value.ts'
import { settingRegistry } from '../setting-registry.ts'
import { listOf, textThat, webUrl } from './value.ts'

export const jwtSection = z.prefault(
  z.strictObject({
    issuer: z.optional(webUrl).register(settingRegistry, {
      variable: 'CORE_JWT_ISSUER',
      description:
        'The issuer whose tokens (JWT) are accepted beside API keys, exactly as their claim `iss` says it: Supabase ' +
        'Auth or any OIDC provider. Unset, no token is accepted. The subjects of another issuer are other people: ' +
        'before changing it, remove the members.',
      expected: 'a URL that begins with https:// or http://',
      example: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1',
    }),
    audience: z
      .optional(listOf(textThat(isAudience)).check(z.refine(({ length }) => length > 0)))
      .register(settingRegistry, {
        variable: 'CORE_JWT_AUDIENCE',
        description: 'The claim `aud` that a token must have: one of these. Needed with an issuer.',
        expected: 'a list of one or more texts without spaces',
        example: 'authenticated',
      }),
    jwksUrl: z.optional(webUrl.check(z.refine(isKeyAddress))).register(settingRegistry, {
      variable: 'CORE_JWT_JWKS_URL',
      description:
        'Where the issuer publishes its keys. Unset, its OIDC discovery says so, else it is ' +
        '`/.well-known/jwks.json` below the issuer.',
      expected: 'a URL that begins with https://, or with http:// for this machine or a host without a domain',
      example: 'https://abcdefghijklmnopqrst.supabase.co/auth/v1/.well-known/jwks.json',
    }),
    secret: z.optional(z.string().check(z.minLength(32), z.maxLength(1024))).register(settingRegistry, {
      variable: 'CORE_JWT_SECRET',
      description:
        'The secret shared with an issuer that signs with HS256, such as a Supabase project before asymmetric keys. ' +
        'Unset, HS256 is refused: anyone who knows this secret can act as any user.',
      expected: 'a text of 32 to 1024 characters',
      secret: true,
    }),
    roleClaim: z.optional(textThat(isClaimPath)).register(settingRegistry, {
      variable: 'CORE_JWT_ROLE_CLAIM',
      description:
        'The claim whose value (viewer, operator, admin or owner) is a role in every project; a dot leads into an ' +
        'object. Unset, roles come from the members of projects alone. It must be one that users cannot set ' +
        'themselves; `user_metadata` is refused.',
      expected: 'the name of a claim, not below user_metadata',
      example: 'app_metadata.core_role',
    }),
  }),
  {},
)
