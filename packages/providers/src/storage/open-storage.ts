import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Secret } from '@core/config'
import { CoreError } from '@core/foundation'
import { createStorage, type StorageDependencies } from './create-storage.ts'
import type { StorageDriver } from './driver.ts'
import { openDiskDriver } from './drivers/disk.ts'
import { createMemoryDriver } from './drivers/memory.ts'
import type { Storage } from './storage.ts'
import type { UrlSigner } from './url-token.ts'

/** The section `storage` of the configuration. */
export interface StorageConfig {
  readonly provider: string
  readonly url?: string | undefined
  /** `provider` or `provider=url`, in the order in which they are read. */
  readonly readAlso: readonly string[]
  readonly keys: {
    readonly accessKeyId?: Secret | undefined
    readonly secretAccessKey?: Secret | undefined
    readonly region?: string | undefined
    readonly supabase?: Secret | undefined
    readonly vercelBlob?: Secret | undefined
  }
}

export interface OpenStorageDependencies extends Pick<StorageDependencies, 'flags'> {
  readonly config: StorageConfig
  /** Below it lies the store disk where no folder is named. */
  readonly dataDir: string
  /** For stores without an address of their own: makes the URLs that the control plane serves. */
  readonly signer?: UrlSigner | undefined
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * The names that the flag `providers.storage` may have with this configuration.
 * @throws CoreError E_CONFIG_INVALID where a store is named twice.
 */
export function configuredStores({
  provider,
  readAlso,
}: Pick<StorageConfig, 'provider' | 'readAlso'>): readonly [string, ...string[]] {
  const others = readAlso.map((text) => splitStore(text).provider)
  const twice = others.find((name, at) => name === provider || others.indexOf(name) < at)
  // A file says by name which store has it.
  if (twice !== undefined) {
    throw invalid(
      `the store ${twice} is configured twice`,
      'Name each once in CORE_STORAGE_PROVIDER and CORE_STORAGE_READ_ALSO.',
    )
  }
  return [provider, ...others]
}

/**
 * The configured stores. Loads the packages of those that are used: `s3mini`, `@supabase/storage-js`, `@vercel/blob`.
 * @throws CoreError E_CONFIG_INVALID for an unknown store, a missing address or key, a package that is not installed.
 */
export async function openStorage({ flags, ...dependencies }: OpenStorageDependencies): Promise<Storage> {
  return createStorage({ stores: await openStores(dependencies), ...(flags === undefined ? {} : { flags }) })
}

/** The drivers of the configured stores, that of choice first. */
export async function openStores(
  dependencies: Omit<OpenStorageDependencies, 'flags'>,
): Promise<readonly StorageDriver[]> {
  const { provider, url, readAlso } = dependencies.config
  configuredStores(dependencies.config)
  return await Promise.all(
    [{ provider, url }, ...readAlso.map(splitStore)].map((named) => openStore(named, dependencies)),
  )
}

interface NamedStore {
  readonly provider: string
  readonly url?: string | undefined
}

function splitStore(text: string): NamedStore {
  const at = text.indexOf('=')
  return at === -1 ? { provider: text } : { provider: text.slice(0, at), url: text.slice(at + 1) }
}

async function openStore(
  { provider, url }: NamedStore,
  { config: { keys }, dataDir, signer, fetch }: Omit<OpenStorageDependencies, 'flags'>,
): Promise<StorageDriver> {
  switch (provider) {
    case 'memory':
      return createMemoryDriver({ signer })
    case 'disk':
      return await openDiskDriver({ folder: toFolder(url) ?? join(dataDir, 'files'), signer })
    case 's3': {
      const { openS3Driver } = await import('./drivers/s3.ts')
      return await openS3Driver({
        url: requiredUrl(url, 'https://s3.eu-central-1.amazonaws.com/files').href,
        accessKeyId: required(keys.accessKeyId, 'AWS_ACCESS_KEY_ID', 'to the key of the bucket').reveal(),
        secretAccessKey: required(keys.secretAccessKey, 'AWS_SECRET_ACCESS_KEY', 'to the secret of that key'),
        region: keys.region,
        fetch,
      })
    }
    case 'supabase': {
      const { openSupabaseDriver } = await import('./drivers/supabase.ts')
      const at = requiredUrl(url, 'https://<ref>.supabase.co/files')
      const bucket = at.pathname.replaceAll(/^\/+|\/+$/g, '')
      return await openSupabaseDriver({
        url: at.origin,
        bucket: required(bucket || undefined, 'CORE_STORAGE_URL', 'with the bucket as its path'),
        serviceRoleKey: required(keys.supabase, 'SUPABASE_SERVICE_ROLE_KEY', 'to the key of the project'),
        fetch,
      })
    }
    case 'vercel-blob': {
      const { openVercelBlobDriver } = await import('./drivers/vercel-blob.ts')
      return await openVercelBlobDriver({
        token: required(keys.vercelBlob, 'BLOB_READ_WRITE_TOKEN', 'to the read-write token of the store'),
        fetch,
      })
    }
    default:
      throw invalid(`the store ${provider} is unknown`, 'Use one of disk, memory, s3, supabase, vercel-blob.')
  }
}

function toFolder(url: string | undefined): string | undefined {
  return url?.startsWith('file:') ? fileURLToPath(url) : url
}

function required<Value>(value: Value | undefined, variable: string, to: string): Value {
  if (value !== undefined) return value
  throw invalid(`${variable} is missing`, `Set ${variable} ${to}.`)
}

/** Of a bucket. */
function requiredUrl(text: string | undefined, example: string): URL {
  const url = URL.parse(required(text, 'CORE_STORAGE_URL', `to the bucket, as ${example}`))
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url
  throw invalid('the address of the store is no URL', `Set CORE_STORAGE_URL to the bucket, as ${example}.`)
}

function invalid(message: string, fix: string): CoreError {
  return new CoreError('E_CONFIG_INVALID', message, { fix })
}
