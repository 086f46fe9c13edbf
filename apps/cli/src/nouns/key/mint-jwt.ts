import { isRole, roleScopes } from '@core/api'
import { CoreError } from '@core/foundation'
import type { Command } from 'commander'
import { SignJWT } from 'jose'
import { wholeNumber } from '../../number-option.ts'
import { readHidden } from '../../read-hidden.ts'
import type { Session } from '../../session.ts'
import { formatFields } from '../../table.ts'
import type { Verbs } from '../../verbs.ts'
import { toScope } from './scope.ts'

/** The secret with which a Supabase project checks tokens, as its command line calls it. */
export const jwtSecretVariable = 'SUPABASE_JWT_SECRET'

const longestS = 366 * 86_400

interface MintOptions {
  scopes: string
  lifetime: string
  name?: string
}

/** `core keys mint-jwt`: for siblings that reach Core through Supabase. It asks no server: the signature is all there is. */
export function addMintJwt(keys: Command, { session }: Pick<Verbs, 'session'>): void {
  keys
    .command('mint-jwt')
    .description('sign a token with which a project reaches Core through Supabase, without a control plane')
    .option('--scopes <scopes>', 'a role (viewer, operator, admin, owner), or scopes with commas between', 'operator')
    .option('--lifetime <seconds>', 'how long it is valid: nothing ends it before', '3600')
    .option('--name <name>', 'who it is for, in journals and the audit log')
    .action(async ({ scopes, lifetime, name }: MintOptions) => {
      const current = session()
      const project = requireProject((await current.target()).project)
      const lifetimeS = wholeNumber('--lifetime', lifetime)
      if (lifetimeS < 1 || lifetimeS > longestS) {
        throw new CoreError('E_INVALID', `--lifetime is 1 to ${longestS} seconds`)
      }
      const caps = toScopes(scopes)
      const secret = await readSecret(current)
      const expiresAt = new Date((Math.floor(Date.now() / 1_000) + lifetimeS) * 1_000)
      const token = await new SignJWT({ role: 'core_member', project, caps })
        .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
        .setSubject(name ?? `jwt:${project}`)
        .setIssuedAt()
        .setExpirationTime(expiresAt)
        .sign(secret)
      const minted = { token, project, scopes: caps, expiresAt: expiresAt.toISOString() }
      current.output.data(
        minted,
        () =>
          formatFields([
            ['token', token],
            ['project', project],
            ['scopes', caps.join(', ')],
            ['expires', minted.expiresAt],
          ]),
        { shownOnce: true },
      )
    })
}

function requireProject(project: string | undefined): string {
  if (project !== undefined && project !== 'current') return project
  throw new CoreError('E_INVALID', 'a token is one of a project', { fix: 'Add --project <name>, or set CORE_PROJECT.' })
}

function toScopes(text: string): readonly string[] {
  return isRole(text) ? roleScopes[text] : [...new Set(text.split(',').map(toScope))]
}

async function readSecret({ io, input }: Pick<Session, 'io' | 'input'>): Promise<Uint8Array> {
  const text =
    io.env[jwtSecretVariable] ||
    (io.stdin.isTTY
      ? await readHidden(io, 'JWT secret of the Supabase project: ')
      : (await input.readAll('the JWT secret')).trim())
  const secret = new TextEncoder().encode(text)
  if (secret.length >= 32) return secret
  throw new CoreError('E_INVALID', 'the JWT secret of a Supabase project has 32 characters or more', {
    fix: `Copy it from the dashboard (Project Settings, JWT Keys, Legacy JWT Secret) into ${jwtSecretVariable}.`,
  })
}
