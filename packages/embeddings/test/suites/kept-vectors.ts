import { createHash } from 'node:crypto'
import type { JsonInput, MemberClaims } from '@core/database'
import { runSql } from '@core/database/testing'
import { describe, expect, test } from 'vitest'
import type { SharedVectors } from '../../src/index.ts'
import { createCountingModel, type EmbeddingsUnderTest } from '../embeddings-under-test.ts'

/** Vectors that projects keep, and those of others that they read by a share. */
export function describeKeptVectors(open: () => EmbeddingsUnderTest): void {
  const model = 'test/kept'
  const hashOf = (text: string) => createHash('sha256').update(text).digest('hex')
  const claimsOf = (project: string, caps: readonly string[]): MemberClaims => ({
    role: 'core_member',
    project,
    caps,
    sub: 'key:test',
  })

  function call(name: string, args: Readonly<Record<string, JsonInput>>, claims?: MemberClaims) {
    return open().database.call(name, args, claims && { claims })
  }
  const put = (p_project: string, texts: readonly string[], more: object = {}, claims?: MemberClaims) =>
    call(
      'embedding_cache_put_many',
      {
        p_model: model,
        p_dims: 2,
        p_hashes: texts.map(hashOf),
        p_vectors: texts.map(() => '[1,2]'),
        p_project,
        ...more,
      },
      claims,
    )
  const get = (p_project: string, texts: readonly string[], more: object = {}, claims?: MemberClaims) =>
    call(
      'embedding_cache_get_many',
      { p_model: model, p_dims: 2, p_hashes: texts.map(hashOf), p_project, p_shared: true, ...more },
      claims,
    )
  const share = (p_project: string, p_grantee: string, p_name = model) =>
    call('share_set', { p_kind: 'vectors', p_name, p_grantee, p_rights: ['read'], p_project })
  const unshare = (p_project: string, p_grantee: string) =>
    call('share_remove', { p_kind: 'vectors', p_name: model, p_grantee, p_project })
  const rows = (project: string) =>
    runSql(
      open().database,
      `select hash, embedding, is_shareable::text, used_at::text, xmin::text from core.embedding_cache where project = $1 order by hash`,
      [project],
    )
  const pair = async () => [await open().project(), await open().project()] as const
  const nothing = { vectors: [null, null], shared: [] }

  describe('kept vectors of other projects', () => {
    test('are read by a share of the model, and only those that the control plane made', async () => {
      const [a, b] = await pair()
      await put(a, ['made'], { p_shareable: true })
      await put(a, ['said'], { p_vectors: ['[9,9]'] })
      const both = ['made', 'said']
      expect(await get(b, both)).toMatchObject(nothing)
      await share(a, b)
      const reader = claimsOf(b, ['embedding:read'])
      expect(await get(b, both, {}, reader)).toMatchObject({ vectors: ['[1,2]', null], shared: [0] })
      expect(await get(b, both)).toMatchObject({ vectors: ['[1,2]', null], shared: [0] })
      // Unasked, and with another length, revision or model, nothing of others is read.
      expect(await get(b, both, { p_shared: false })).toMatchObject(nothing)
      for (const more of [{ p_dims: 3 }, { p_revision: 'x' }, { p_model: 'test/other' }]) {
        expect(await get(b, both, more)).toMatchObject(nothing)
      }
      // The share has one direction.
      await put(b, ['back'], { p_shareable: true })
      expect(await get(a, ['back'])).toMatchObject({ vectors: [null], shared: [] })
    })

    test('are not shown to who has no share, has lost it, lacks the scope, or names the other project', async () => {
      const [a, b] = await pair()
      const c = await open().project()
      await put(a, ['made'], { p_shareable: true })
      await share(a, b)
      // What is kept and what is not get one answer.
      expect(await get(c, ['made'])).toEqual(await get(c, ['never made']))
      const forbidden = { code: 'E_FORBIDDEN' }
      await expect(get(a, ['made'], {}, claimsOf(b, ['embedding:read']))).rejects.toMatchObject(forbidden)
      await expect(get(b, ['made'], {}, claimsOf(b, ['embedding:write']))).rejects.toMatchObject(forbidden)
      expect(await get(b, ['made'])).toMatchObject({ shared: [0] })
      await unshare(a, b)
      expect(await get(b, ['made'])).toMatchObject({ vectors: [null], shared: [] })
      await share(a, '*')
      for (const project of [b, c]) expect(await get(project, ['made'])).toMatchObject({ shared: [0] })
      await unshare(a, '*')
      for (const project of [b, c]) expect(await get(project, ['made'])).toMatchObject({ shared: [] })
      expect(await rows(b)).toEqual([])
    })

    test('are offered by the owner’s connection only, replace what a program kept, and are replaced by nothing', async () => {
      const [a, b] = await pair()
      const writer = claimsOf(a, ['embedding:read', 'embedding:write', 'embedding:share', 'embedding:operate'])
      await expect(put(a, ['feigned'], { p_shareable: true }, writer)).rejects.toMatchObject({ code: 'E_FORBIDDEN' })
      expect(await rows(a)).toEqual([])
      await share(a, b)
      await put(a, ['feigned'], { p_vectors: ['[6,6]'] }, writer)
      expect(await get(b, ['feigned'])).toMatchObject({ vectors: [null] })
      expect(await put(a, ['feigned'], { p_shareable: true })).toMatchObject({ kept: 0 })
      expect(await get(b, ['feigned'])).toMatchObject({ vectors: ['[1,2]'] })
      const before = await rows(a)
      await put(a, ['feigned'], { p_vectors: ['[7,7]'] }, writer)
      await put(a, ['feigned'], { p_vectors: ['[8,8]'], p_shareable: true })
      expect(await rows(a)).toEqual(before)
      const [size] = await runSql(open().database, `select vectors from core.embedding_cache_size where project = $1`, [
        a,
      ])
      expect(size).toEqual({ vectors: '1' })
    })

    test('come after the own ones; reading them writes nothing for either project', async () => {
      const [a, b] = await pair()
      const texts = ['own', 'shared', 'neither']
      await put(a, ['own', 'shared'], { p_shareable: true, p_vectors: ['[3,3]', '[4,4]'] })
      await put(b, ['own'])
      await runSql(
        open().database,
        `update core.embedding_cache set used_at = used_at - interval '2 days' where project = $1`,
        [a],
      )
      await share(a, b)
      const before = [await rows(a), await rows(b)]
      expect(await get(b, texts)).toMatchObject({ vectors: ['[1,2]', '[4,4]', null], shared: [1] })
      expect([await rows(a), await rows(b)]).toEqual(before)
    })

    test('are those of 16 projects: of who names the reader before who shares with every one', async () => {
      const reader = await open().project()
      const crowd = await Promise.all(Array.from({ length: 17 }, () => open().project()))
      for (const project of crowd) await share(project, '*', 'test/crowd')
      const late = await open().project()
      const more = { p_model: 'test/crowd', p_shareable: true }
      await put(crowd[16] ?? '', ['last'], more)
      await put(crowd[0] ?? '', ['first'], more)
      await put(late, ['named'], more)
      const read = () => get(reader, ['first', 'last', 'named'], { p_model: 'test/crowd' })
      expect(await read()).toMatchObject({ vectors: ['[1,2]', null, null] })
      await share(late, reader, 'test/crowd')
      expect(await read()).toMatchObject({ vectors: ['[1,2]', null, '[1,2]'], shared: [0, 2] })
    })

    test('cost the reader nothing, are not kept by it, and cost it a call as soon as the share has ended', async () => {
      const [a, b] = await pair()
      const usable: SharedVectors = { isUsable: () => true, isOffered: () => true }
      const of = async (project: string, name: string, shared?: SharedVectors) => {
        const { model: counted, dimensions, texts } = createCountingModel(name)
        const cache = { ...(shared ? { shared } : {}) }
        return { texts, store: await open().embeddings({ project, model: counted, dimensions, cache }) }
      }
      const owner = await of(a, 'common', usable)
      await owner.store.embed(['one', 'two'])
      await share(a, b, 'test/common')
      const guest = await of(b, 'common', usable)
      for (const _ of [1, 2]) {
        const { vectors, usage } = await guest.store.embed(['one', 'two'])
        expect(usage).toMatchObject({ calls: 0, cached: 2, embedded: 0, cost: 0 })
        expect(vectors).toEqual((await owner.store.embed(['one', 'two'])).vectors)
      }
      expect(await rows(b)).toEqual([])
      // Whose model has another meaning for this project, or who does not ask, uses its own.
      for (const shared of [undefined, { ...usable, isUsable: () => false }]) {
        const other = await of(b, 'common', shared)
        await other.store.embed([`alone ${shared === undefined}`, 'one'])
        expect(other.texts()).toBe(shared === undefined ? 2 : 1)
      }
      await unsharedEmbed()

      async function unsharedEmbed() {
        await call('share_remove', { p_kind: 'vectors', p_name: 'test/common', p_grantee: b, p_project: a })
        const { usage } = await guest.store.embed(['two'])
        expect(usage).toMatchObject({ calls: 1, cached: 0, embedded: 1 })
        expect(guest.texts()).toBe(1)
      }
    })

    test('that are offered to no other stay the project’s own', async () => {
      const [a, b] = await pair()
      await share(a, b, 'test/private')
      const { model: counted, dimensions } = createCountingModel('private')
      for (const shared of [undefined, { isUsable: () => true, isOffered: () => false }]) {
        const store = await open().embeddings({
          project: a,
          model: counted,
          dimensions,
          cache: shared ? { shared } : {},
        })
        await store.embed([`text ${shared === undefined}`])
      }
      expect((await rows(a)).map((row) => row['is_shareable'])).toEqual(['false', 'false'])
    })
  })
}
