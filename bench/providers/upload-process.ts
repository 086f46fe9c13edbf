import process from 'node:process'
import { createSecret } from '@core/config'
import { openStorage } from '@core/providers/storage'

/** Uploads so many MiB to the S3 at an address and prints how far its memory grew, in MB, and the seconds it took. */
const [url = '', megabytes = '1024'] = process.argv.slice(2)
const storage = await openStorage({
  config: {
    provider: 's3',
    url,
    readAlso: [],
    keys: { accessKeyId: createSecret('bench'), secretAccessKey: createSecret('bench') },
  },
  dataDir: '.',
})
const chunk = new Uint8Array(64 * 1024)
async function* chunks(count: number): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) yield chunk
}
await storage.upload('warm', chunks(1))
const before = process.memoryUsage().rss
let peak = before
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss)
}, 10)
const startedAt = performance.now()
await storage.upload('large', chunks(Number(megabytes) * 16))
const seconds = (performance.now() - startedAt) / 1000
clearInterval(watch)
process.stdout.write(JSON.stringify({ grewMegabytes: (peak - before) / 1e6, seconds }))
