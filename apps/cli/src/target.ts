import { type Environment, loadConfig, reachableUrl } from '@core/config'
import { CoreError, toHeaderValue } from '@core/foundation'
import type { CommandIo } from './io.ts'
import { ownerKeyFile, readOwnerKey } from './owner-key-file.ts'
import { type Profile, readProfile } from './profile.ts'
import { createProvenFetch } from './proven-fetch.ts'
import type { StandardInput } from './standard-input.ts'

/** Where `core database copy` copies to. */
export const copyTargetVariable = 'CORE_COPY_TARGET_URL'

/** Variables that are read elsewhere than in the configuration: by the command, and by the test runner. */
export const commandVariables = ['CORE_URL', 'CORE_KEY', 'CORE_PROJECT', copyTargetVariable, 'CORE_TEST_RUN']

export interface TargetOptions {
  url?: string
  project?: string
  keyStdin?: boolean
}

interface TargetSources extends TargetOptions {
  /** Read for the key with `keyStdin`. */
  input?: StandardInput
  /** An owner's key comes before CORE_KEY. Default: CORE_KEY comes first. */
  prefersOwner?: boolean
}

/** Which control plane, as whom. */
export interface Target {
  readonly url: string
  readonly key: string | undefined
  /** Where the key came from, for people; never the key. */
  readonly keySource: string
  readonly project: string | undefined
  /** Sends the requests; no key before a listener that this folder describes has proved to be its control plane. */
  readonly fetch: typeof fetch
}

/**
 * Address: --url, CORE_URL, the profile, else the control plane this folder's configuration describes. Key: stdin with
 * --key-stdin, CORE_KEY, CORE_OWNER_KEY, else the key that belongs to that very address: a profile's key is sent to
 * the profile's address only, and the owner key of a local data folder only to the local control plane.
 */
export async function resolveTarget(io: CommandIo, options: TargetSources): Promise<Target> {
  const profile = readProfile(io.env)
  const named = options.url ?? nonEmpty(io.env['CORE_URL']) ?? profile.url
  const local = named === undefined ? localTarget(io) : undefined
  const url = checkUrl(named ?? local?.url ?? '')
  const project = options.project ?? nonEmpty(io.env['CORE_PROJECT']) ?? profile.project
  const { key, keySource } = await resolveKey(io, options, profile, url)
  if (key !== undefined) toHeaderValue(`the key of ${keySource}`, key)
  const owner = isLocal(io, url) ? localTarget(io) : undefined
  // A named address is the user's word for it, but the key of the data folder goes to the folder's control plane only.
  const needsProof = owner?.isEmbedded && (named === undefined || keySource === ownerKeyFile(owner.dataDir))
  return { url, project, key, keySource, fetch: owner && needsProof ? createProvenFetch(owner) : fetch }
}

async function resolveKey(io: CommandIo, options: TargetSources, profile: Profile, url: string) {
  if (options.input && options.keyStdin) return { key: await readKey(options.input), keySource: 'standard input' }
  const local = isLocal(io, url) ? localTarget(io) : undefined
  const localKey = () => local && readOwnerKey(local.dataDir)
  for (const name of options.prefersOwner ? ['CORE_OWNER_KEY'] : ['CORE_KEY', 'CORE_OWNER_KEY']) {
    const key = nonEmpty(io.env[name])
    if (key !== undefined) return { key, keySource: name }
  }
  const ownerKey = options.prefersOwner ? localKey() : undefined
  if (local && ownerKey) return { key: ownerKey, keySource: ownerKeyFile(local.dataDir) }
  const given = nonEmpty(io.env['CORE_KEY'])
  if (given !== undefined) return { key: given, keySource: 'CORE_KEY' }
  if (profile.key !== undefined && (profile.url === undefined ? local !== undefined : sameOrigin(profile.url, url))) {
    return { key: profile.key, keySource: 'the profile' }
  }
  const key = localKey()
  if (local && key) return { key, keySource: ownerKeyFile(local.dataDir) }
  return { key: undefined, keySource: 'nowhere' }
}

async function readKey(input: StandardInput): Promise<string> {
  const key = await input.readKey()
  if (!key)
    throw new CoreError('E_INVALID', '--key-stdin found no key on standard input', {
      fix: 'Pipe it: core … --key-stdin < key',
    })
  return key
}

interface LocalTarget {
  readonly url: string
  readonly dataDir: string
  readonly isEmbedded: boolean
}

function localTarget({ env, cwd }: { env: Environment; cwd: string }): LocalTarget {
  const { http, dataDir, database } = loadConfig({ env, cwd, knownVariables: commandVariables })
  return { url: reachableUrl(http), dataDir, isEmbedded: database.driver === 'embedded' }
}

function isLocal(io: CommandIo, url: string): boolean {
  try {
    return sameOrigin(localTarget(io).url, url)
  } catch {
    return false // a configuration with faults describes no control plane
  }
}

/** Whether two addresses are of one server. */
export function sameOrigin(one: string, other: string): boolean {
  return new URL(one).origin === new URL(other).origin
}

function checkUrl(url: string): string {
  if (/^[^/]*\/\/[^/?#]*@/.test(url)) {
    throw new CoreError('E_INVALID', 'the address of the control plane has a user or a password in it', {
      fix: 'Leave them out: the key is CORE_KEY, or --key-stdin.',
    })
  }
  const { protocol, search, hash } = URL.canParse(url) ? new URL(url) : {}
  if (search || hash) {
    throw new CoreError('E_INVALID', `${JSON.stringify(url)} has a query or a fragment`, {
      fix: 'Give the address alone, such as http://127.0.0.1:4400.',
    })
  }
  if (protocol === 'http:' || protocol === 'https:') return url
  throw new CoreError('E_INVALID', `${JSON.stringify(url)} is not the address of a control plane`, {
    fix: 'Use a URL such as http://127.0.0.1:4400.',
  })
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
