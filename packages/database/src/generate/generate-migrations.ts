import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { CoreError } from '@core/foundation'
import type { GeneratedFile } from './generate-database-types.ts'

const nounFolder = /^(\d{2})_([a-z0-9]+)$/

/**
 * The migrations of supabase/schemas, one per noun. A noun's folder is applied whole: its own files in
 * lexical order, then those of each folder in it. Throws E_INVALID for a folder that is not named `<2 digits>_<noun>`.
 */
export async function generateMigrations(schemas: string): Promise<GeneratedFile[]> {
  return Promise.all(
    (await readdir(schemas)).sort().map(async (folder) => {
      const [, number, noun] = nounFolder.exec(folder) ?? []
      if (number === undefined || noun === undefined) {
        throw new CoreError('E_INVALID', `${join(schemas, folder)} is not named <2 digits>_<noun>`)
      }
      const paths = await listSchemaFiles(schemas, folder)
      const texts = await Promise.all(paths.map((path) => readFile(join(schemas, path), 'utf8')))
      const parts = texts.map((text, index) => `-- supabase/schemas/${paths[index]}\n\n${text.trimEnd()}\n`)
      return { name: `${versionOf(number)}_${noun}.sql`, text: [header(folder), ...parts, revoke].join('\n') }
    }),
  )
}

/** The folders of supabase/schemas that hold files, in the order in which they are applied. */
export async function listSchemaFolders(schemas: string): Promise<string[]> {
  const nouns = (await readdir(schemas)).sort()
  const files = (await Promise.all(nouns.map((noun) => listSchemaFiles(schemas, noun)))).flat()
  return [...new Set(files.map((file) => file.slice(0, file.lastIndexOf('/'))))]
}

async function listSchemaFiles(schemas: string, folder: string): Promise<string[]> {
  const entries = (await readdir(join(schemas, folder), { withFileTypes: true })).sort((a, b) =>
    a.name < b.name ? -1 : 1,
  )
  const files = entries.filter((entry) => entry.isFile() && /^[^.].*\.sql$/.test(entry.name))
  const folders = entries.filter((entry) => entry.isDirectory())
  const inner = await Promise.all(folders.map(({ name }) => listSchemaFiles(schemas, `${folder}/${name}`)))
  return [...files.map(({ name }) => `${folder}/${name}`), ...inner.flat()]
}

/**
 * The first noun has the version of the first migration before schemas were the source. A database with that older
 * history is therefore seen as changed, and refused before anything is applied to it.
 */
function versionOf(number: string): string {
  return `20261120${String((Number(number) + 1) * 100).padStart(6, '0')}`
}

const header = (folder: string) =>
  `-- Generated from supabase/schemas/${folder} by \`npm run generate\`. Do not edit.\n`

/**
 * Postgres lets PUBLIC execute each new function, and default privileges of a schema cannot take that away: they only add
 * to those of the database. So each migration ends with a revoke. `revoke ... on all functions` writes the row of each function
 * again, also where it changes nothing: a new embedded database took 4.1 s of CPU and 22 MB instead of 2.6 s and 14 MB.
 */
const revoke = `-- No role may execute a function without a grant of its own.

do $$
declare
  v_function regprocedure;
begin
  for v_function in
    select p.oid from pg_catalog.pg_proc p
    where p.pronamespace in ('core'::regnamespace, 'core_api'::regnamespace)
      and exists (
        select from pg_catalog.aclexplode(coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))) a
        where a.grantee in (0, 'anon'::regrole, 'authenticated'::regrole))
  loop
    execute format('revoke execute on function %s from public, anon, authenticated', v_function);
  end loop;
end
$$;
`
