import { copyDatabase } from '@core/database/migrate'
import { openMemoryDatabase, runSql } from '@core/database/testing'
import { expect, test } from 'vitest'
import { createEmbeddings } from '../src/index.ts'
import { createCountingModel } from './embeddings-under-test.ts'

const project = 'smart_layer'

/** As hosts do that list the extensions which may be created. */
const refuseExtensions = [
  `create function public.refuse_extension() returns event_trigger language plpgsql as
   $$ begin raise 'extension is not allow-listed' using errcode = 'feature_not_supported'; end $$`,
  `create event trigger refuse_extension on ddl_command_start when tag in ('CREATE EXTENSION')
   execute function public.refuse_extension()`,
]

test('a copy has the vectors, no model is asked again, and the index is due where its state went without it', {
  timeout: 180_000,
}, async () => {
  await using source = await openMemoryDatabase()
  await using target = await openMemoryDatabase()
  const { model, dimensions, asked } = createCountingModel('copied')
  const shelfOf = (database: typeof source) => createEmbeddings({ database, project, model, dimensions }).space('shelf')
  await createEmbeddings({ database: source }).enable()
  await source.rpc('project_register', { p_name: project })
  await shelfOf(source).upsert([
    { id: 'bread.md', text: 'Dough of wheat, left to rise for an hour.' },
    { id: 'boat.md', text: 'A hull of oak, two masts and a sail.' },
  ])
  const index = { p_generation: 1, p_state: 'ready', p_type: 'halfvec' }
  expect(await source.rpc('embedding_index_set', index)).toMatchObject({ set: true })
  const before = await shelfOf(source).search('to sail a boat', { mode: 'vector' })
  asked.length = 0

  const { left } = await copyDatabase({ from: source, to: target })
  expect(left).toEqual([])
  expect(await shelfOf(target).search('to sail a boat', { mode: 'vector' })).toEqual(before)
  expect(await shelfOf(target).drain()).toBe(0)
  expect(asked).toEqual([])
  expect(await runSql(target, 'select index_state, index_type from core.embedding_generation', [])).toEqual([
    { index_state: 'none', index_type: null },
  ])
  // As every indexed text: the table of a space is made by a function, which no catalog of the migrations shows.
  const collation = `select attcollation::regcollation::text as name from pg_attribute
    where attrelid = 'core.embedding_vector_1'::regclass and attname = 'tenant'`
  expect(await runSql(target, collation, [])).toEqual([{ name: '"C"' }])

  await using refusing = await openMemoryDatabase()
  for (const statement of refuseExtensions) await runSql(refusing, statement, [])
  expect(await copyDatabase({ from: source, to: refusing })).toMatchObject({ left: ['embedding_vector_1'] })
})
