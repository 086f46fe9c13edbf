import { expect, test } from 'vitest'
import { buildVectorIndex, openDatabase } from '../src/index.ts'

const target = { generation: 1, dims: 2, metric: 'cosine' } as const

test.each([
  { poolSize: 1, spare: 0, needed: 2 },
  { poolSize: 2, spare: 1, needed: 3 },
])('a pool of $poolSize is not taken whole by a build that leaves $spare', async ({ poolSize, spare, needed }) => {
  await using database = await openDatabase({ driver: 'postgres', url: 'postgres://localhost:1/none', poolSize })
  await expect(buildVectorIndex(database, target, { spare })).rejects.toMatchObject({
    code: 'E_INVALID',
    message: expect.stringContaining(`needs ${needed} connections of the pool, which has ${poolSize}`),
    fix: `Set CORE_DATABASE_POOL_SIZE to ${needed} or more.`,
  })
})
