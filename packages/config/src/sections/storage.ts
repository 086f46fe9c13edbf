import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'
import { expectedPrintable, listOf, printable, text } from './value.ts'

const providers = ['disk', 'memory', 's3', 'supabase', 'vercel-blob'] as const
const place = text(/^[^\s,]{1,1000}$/)
const isStore = (text: string) => providers.some((one) => text === one || text.startsWith(`${one}=`))

export const storageSection = z.prefault(
  z.strictObject({
    provider: z._default(z.enum(providers), 'disk').register(settingRegistry, {
      variable: 'CORE_STORAGE_PROVIDER',
      description:
        'Where files are kept. The control planes of one database need one that all of them reach: `disk` and `memory` ' +
        'are for one machine. The flag `providers.storage` changes it at run time to one of CORE_STORAGE_READ_ALSO.',
    }),
    url: z.optional(place).register(settingRegistry, {
      variable: 'CORE_STORAGE_URL',
      description:
        'The bucket of `s3` or `supabase`, or the folder of `disk`, which is `files` in CORE_DATA_DIR where this is unset.',
      expected: 'a URL or a folder, without spaces and commas',
      example: 'https://s3.eu-central-1.amazonaws.com/files',
    }),
    readAlso: z._default(listOf(place.check(z.refine(isStore))), []).register(settingRegistry, {
      variable: 'CORE_STORAGE_READ_ALSO',
      description:
        'Stores where files are looked for that the first one does not have, in this order. For a change of the store: ' +
        'name the old one here until `core storage copy` has moved its files.',
      expected: `a list of stores, each as name or name=URL, the names being ${providers.join(', ')}`,
      example: 'disk=/var/lib/core/files',
    }),
    keys: z.prefault(
      z.strictObject({
        accessKeyId: z.optional(printable).register(settingRegistry, {
          variable: 'AWS_ACCESS_KEY_ID',
          description: 'The key of the bucket of the store `s3`, also of R2 and others with its API.',
          expected: expectedPrintable,
          secret: true,
        }),
        secretAccessKey: z.optional(printable).register(settingRegistry, {
          variable: 'AWS_SECRET_ACCESS_KEY',
          description: 'The secret of AWS_ACCESS_KEY_ID.',
          expected: expectedPrintable,
          secret: true,
        }),
        region: z.optional(text(/^[a-z0-9-]{1,50}$/)).register(settingRegistry, {
          variable: 'AWS_REGION',
          description: 'The region of the bucket. R2 needs none.',
          expected: 'a region such as eu-central-1',
          example: 'eu-central-1',
        }),
        vercelBlob: z.optional(printable).register(settingRegistry, {
          variable: 'BLOB_READ_WRITE_TOKEN',
          description: 'The read-write token of the store `vercel-blob`.',
          expected: expectedPrintable,
          secret: true,
        }),
      }),
      {},
    ),
  }),
  {},
)
