import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Readable } from 'node:stream'
import S3rver from '@20minutes/s3rver'
import { createSecret } from '@core/config'
import { createMemoryDriver, createUrlSigner, openDiskDriver, type StorageDriver } from '@core/providers/storage'
import { describeStorage, startFakeS3, startFakeSupabaseStorage, startFakeVercelBlob } from '@core/providers/testing'
import { startFauxqs } from 'fauxqs'
import { afterAll } from 'vitest'
import { openS3Driver } from '../src/storage/drivers/s3.ts'
import { openSupabaseDriver } from '../src/storage/drivers/supabase.ts'
import { openVercelBlobDriver } from '../src/storage/drivers/vercel-blob.ts'

await using opened = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'core-stores-'))
opened.defer(() => rm(folder, { recursive: true, force: true }))

// The control plane's part: it serves the URLs of stores without an address.
const signer = createUrlSigner({ baseUrl: () => served.url, sealer: Buffer.alloc(32, 7).toString('base64') })
const signed: Record<string, StorageDriver> = {}
const served = await serveSignedUrls()
opened.defer(() => served.close())
const disk = await openDiskDriver({ folder: join(folder, 'disk'), signer })
const memory = createMemoryDriver({ signer })
signed['disk'] = disk
signed['memory'] = memory

const keys = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' }
const secrets = { accessKeyId: 'S3RVER', secretAccessKey: createSecret('S3RVER'), region: 'us-east-1' }
const fakeS3 = opened.use(await startFakeS3(keys))
const s3rver = new S3rver({
  address: '127.0.0.1',
  port: 0,
  silent: true,
  directory: join(folder, 's3rver'),
  configureBuckets: [{ name: 'files' }],
})
const { port } = await s3rver.run()
opened.defer(() => s3rver.close())
const fauxqs = await startFauxqs({ port: 0, host: '127.0.0.1', logger: false, init: { buckets: ['files'] } })
opened.defer(() => fauxqs.stop())
const supabase = opened.use(await startFakeSupabaseStorage('service-role'))
const vercel = opened.use(await startFakeVercelBlob('vercel_blob_rw_fake_secret'))
process.env['VERCEL_BLOB_API_URL'] = vercel.url
process.env['VERCEL_BLOB_RETRIES'] = '0'
const owned = opened.move()
afterAll(() => owned.disposeAsync())

const drafts = async () => (await readdir(join(folder, 'disk', 'drafts'))).length
describeStorage('memory', () => ({ driver: memory }))
describeStorage('disk', () => ({ driver: disk, unfinished: drafts }))
describeStorage('s3', async () => ({
  driver: await openS3Driver({ url: `${fakeS3.url}/files`, ...secrets }),
  unfinished: () => fakeS3.shelf.uploads.size,
}))
// Without lists: it checks their signatures against another path than that of the request.
describeStorage(
  's3rver',
  async () => ({
    driver: await openS3Driver({ url: `http://127.0.0.1:${port}/files`, ...secrets }),
    winners: 2,
    maxKeyBytes: 200,
  }),
  { lists: false },
)
// Without signed URLs: it takes any signature. Nor does it decide between two uploads at once, or encode the keys of lists.
describeStorage(
  'fauxqs',
  async () => ({
    driver: await openS3Driver({ url: `http://127.0.0.1:${fauxqs.port}/files`, ...secrets }),
    winners: 2,
    partBytes: 5 * 1024 * 1024,
  }),
  { signs: false, encodes: false },
)
describeStorage('supabase', async () => ({
  driver: await openSupabaseDriver({
    url: supabase.url,
    bucket: 'files',
    serviceRoleKey: createSecret('service-role'),
  }),
}))
// Without signed URLs: how its own server reads their tokens is not public.
describeStorage(
  'vercel-blob',
  async () => ({
    driver: await openVercelBlobDriver({ token: createSecret('vercel_blob_rw_fake_secret') }),
    maxKeyBytes: 950,
  }),
  { signs: false },
)

async function serveSignedUrls(): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createServer(async (request, response) => {
    try {
      const grant = signer.read((request.url ?? '').replace('/v1/storage/', ''))
      const store = signed[grant.store]
      const signal = AbortSignal.timeout(10_000)
      if (store === undefined || grant.method !== request.method) return void response.writeHead(403).end()
      if (grant.method === 'GET') {
        const file = await store.get(grant.key, undefined, signal)
        if (file !== null) Readable.fromWeb(file.stream).pipe(response)
        return
      }
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const { contentType = 'application/octet-stream' } = grant
      await store.put(grant.key, Buffer.concat(chunks), { contentType, ifAbsent: true, sha256: '' }, signal)
      response.writeHead(200).end()
    } catch {
      response.writeHead(403).end()
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
