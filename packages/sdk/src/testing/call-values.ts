import type { Core } from '../core.ts'
import type { Recorder } from './recorder.ts'

/** Cached values, embeddings, flags, files, and what a project keeps of itself. */
export async function callValues(core: Core, other: string, { call, refused }: Recorder): Promise<void> {
  const { cache, embeddings, rpc } = core
  await call('cache.set', () => cache.set('sky', { colour: 'blue', tone: [1, 2.5, null] }, { tags: ['weather'] }))
  await call('cache.get', () => cache.get('sky'))
  await call('cache.getOrSet', () => cache.getOrSet('sea', () => 'green', { tags: ['water'] }))
  await call('cache.getMany', () => cache.getMany(['sky', 'sea', 'none']))
  await call('cache.has', () => cache.has('sea'))
  await call('cache.invalidateTags', () => cache.invalidateTags('weather'))
  await call('cache.get of what was invalidated', () => cache.get('sky'))
  await call('cache.delete', () => cache.delete('sea'))
  await call('cache.namespace', async () => {
    await cache.namespace('paint').set('wall', 'white')
    return [await cache.namespace('paint').get('wall'), await cache.get('wall')]
  })

  const space = embeddings.space('notes')
  await call('embeddings.embed', async () => {
    const { vectors, ...rest } = await embeddings.embed(['The sky is blue', ''])
    return { ...rest, lengths: vectors.map((vector) => vector?.length) }
  })
  await call('embeddings.upsert', () =>
    space.upsert([
      { id: 'sky', text: 'The sky is blue today', metadata: { kind: 'weather' } },
      { id: 'wall', text: 'The wall was painted white' },
    ]),
  )
  await call('embeddings.search', async () => {
    const { hits, complete } = await space.search('blue sky', { k: 1, mode: 'text' })
    return { complete, hits: hits.map(({ document, content, metadata }) => ({ document, content, metadata })) }
  })
  await call('embeddings.documents', () => collect(space.documents()))
  await call('embeddings.delete', () => space.delete(['wall']))
  await call('embeddings.stats', async () => Object.keys(await space.stats()).sort())
  await call('embeddings.drop', () => space.drop())

  const { project: p_project } = core
  await call('flag_set', () => rpc('flag_set', { p_name: 'sky.blue', p_value: true, p_project }))
  await call('flag_list', () => rpc('flag_list', { p_project }))
  await call('flag_clear', () => rpc('flag_clear', { p_name: 'sky.blue', p_project }))
  await refused('flag_set of another project', () =>
    rpc('flag_set', { p_name: 'sky.blue', p_value: true, p_project: other }),
  )
  await call('file_usage', () => rpc('file_usage', {}))
  await call('file_list', () => rpc('file_list', {}))
  await callStorage(core, { call, refused })
  await call('secret_list', () => rpc('secret_list', {}))
  await call('webhook_list', () => rpc('webhook_list', {}))
  await call('route_list', () => rpc('route_list', {}))
  await call('share_set', () =>
    rpc('share_set', { p_kind: 'queue', p_name: 'paint', p_grantee: other, p_rights: ['work'] }),
  )
  await call('share_list', () => rpc('share_list', {}))
  await call('share_remove', () => rpc('share_remove', { p_kind: 'queue', p_name: 'paint', p_grantee: other }))
  await call('project_get', () => rpc('project_get', { p_name: p_project }))
  await call('member_list', () => rpc('member_list', { p_project }))
  await refused('rpc with a wrong argument', () => rpc('file_list', { p_limit: 0 }))
}

/** The etag of a file is its store's, and so are addresses: a folder has none without a control plane. */
async function callStorage({ storage }: Core, { call, refused }: Omit<Recorder, 'answers'>): Promise<void> {
  const bytes = new TextEncoder().encode('The sky is blue')
  const name = 'notes/sky é.txt'
  await call('storage.upload', async () => {
    const { etag: _, ...file } = await storage.upload(name, bytes, { contentType: 'text/plain' })
    return file
  })
  await refused('storage.upload of what is there', () => storage.upload(name, bytes, { ifAbsent: true }))
  await call('storage.head', async () => {
    const file = await storage.head(name)
    return [file?.key, file?.size, file?.contentType, await storage.head('none')]
  })
  await call('storage.download', async () => {
    const [whole, part] = [await storage.download(name), await storage.download(name, { range: { start: 4, end: 6 } })]
    const read = async (file: typeof whole) => [file?.size, file?.range, await new Response(file?.stream).text()]
    return [await read(whole), await read(part), await storage.download('none')]
  })
  await call('storage.list', async () => {
    const { files, next } = await storage.list('notes/')
    return [files.map(({ key, size }) => [key, size]), next]
  })
  await call('storage.delete', async () => {
    await storage.delete(name)
    await storage.delete('none')
    return await storage.head(name)
  })
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = []
  for await (const item of items) all.push(item)
  return all
}
