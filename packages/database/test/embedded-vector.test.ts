import { silentLogger } from '@core/foundation'
import { expect, test, vi } from 'vitest'
import { createEmbeddedDriver } from '../src/drivers/embedded.ts'
import { createEmbeddedFolder } from '../src/testing/index.ts'

vi.setConfig({ testTimeout: 240_000 })

const open = (dataDir: string, snapshot?: Uint8Array) =>
  createEmbeddedDriver({ driver: 'embedded', dataDir }, { logger: silentLogger, ...(snapshot && { snapshot }) })
const signal = AbortSignal.timeout(200_000)
const distance = `select '[1,2]'::vector <-> '[1,5]'::vector as d`

test('embedded Postgres has pgvector, also after it is closed and opened, and from a dump', async () => {
  await using folder = await createEmbeddedFolder()
  const { dataDir } = folder
  const first = await open(dataDir)
  await first.query('create extension vector', [], { signal })
  await first.close()
  const again = await open(dataDir)
  expect(await again.query(distance, [], { signal })).toEqual([{ d: '3' }])
  const snapshot = await again.dump({ signal })
  await again.close()
  const copy = await open('memory', snapshot)
  expect(await copy.query(distance, [], { signal })).toEqual([{ d: '3' }])
  await copy.close()
})
