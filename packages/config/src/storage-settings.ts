import type { z } from 'zod/mini'
import { createSecret, type Secret } from './secret.ts'
import type { storageSection } from './sections/storage.ts'

type Parsed = z.output<typeof storageSection>

/** The section `storage`, with its keys sealed against printing. */
export interface StorageSettings extends Readonly<Omit<Parsed, 'keys'>> {
  readonly keys: {
    readonly accessKeyId?: Secret
    readonly secretAccessKey?: Secret
    readonly region?: string
    readonly vercelBlob?: Secret
    readonly supabase?: Secret
  }
}

/** The store `supabase` has the key of the database's Supabase project. */
export function toStorageSettings({ keys, ...settings }: Parsed, supabaseKey: string | undefined): StorageSettings {
  const { accessKeyId, secretAccessKey, region, vercelBlob } = keys
  return {
    ...settings,
    keys: {
      ...(accessKeyId === undefined ? {} : { accessKeyId: createSecret(accessKeyId) }),
      ...(secretAccessKey === undefined ? {} : { secretAccessKey: createSecret(secretAccessKey) }),
      ...(region === undefined ? {} : { region }),
      ...(vercelBlob === undefined ? {} : { vercelBlob: createSecret(vercelBlob) }),
      ...(supabaseKey === undefined ? {} : { supabase: createSecret(supabaseKey) }),
    },
  }
}
