import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { createSecret } from '@core/config'
import { describeStorage } from '@core/providers/testing'
import { afterAll, test } from 'vitest'
import { openS3Driver } from '../src/storage/drivers/s3.ts'

/** moto, the S3 that the tests of Python's programs use: where Python has it. */
const moto = spawn('python3', ['-u', '-m', 'moto.server', '-p', '0'], { stdio: ['ignore', 'ignore', 'pipe'] })
moto.on('error', () => undefined)
const url = await Promise.race([findUrl(), once(moto, 'exit').then(() => undefined)])
afterAll(async () => {
  if (moto.exitCode !== null) return
  moto.kill()
  await once(moto, 'exit')
})

if (url === undefined) {
  test('stores on moto', ({ skip }) => skip('no moto in python3: pip install moto[server]'))
} else {
  const authorization =
    'AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0'
  await fetch(`${url}/files`, { method: 'PUT', headers: { authorization } })
  const keys = { accessKeyId: 'test', secretAccessKey: createSecret('test'), region: 'us-east-1' }
  describeStorage(
    'moto',
    async () => ({
      driver: await openS3Driver({ url: `${url}/files`, ...keys }),
      winners: 2,
      partBytes: 5 * 1024 * 1024,
    }),
    {
      signs: false, // it checks no signature
    },
  )
}

async function findUrl(): Promise<string | undefined> {
  for await (const line of createInterface({ input: moto.stderr })) {
    const found = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]
    if (found !== undefined) {
      moto.stderr.resume()
      return found
    }
  }
  return undefined
}
