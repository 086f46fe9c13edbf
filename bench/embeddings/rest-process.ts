// Answers the requests of supabase-js with the SQL that PostgREST sends for them: calls of functions, and inserts that ask for
// what was written. In a process of its own, as PostgREST is; without its roles. Run by `startRestServer`.
import { createServer } from 'node:http'
import pg from 'pg'

const pool = new pg.Pool({ connectionString: process.env['BENCH_URL'], max: 10 })
// The server ends before this process does.
pool.on('error', () => undefined)
const columns = new Map<string, string>()

/** `"name" type, …` of a table, or of the arguments of a function. */
async function describe(schema: string, name: string, isFunction: boolean): Promise<string> {
  const key = `${schema}.${name}`
  const known = columns.get(key)
  if (known !== undefined) return known
  const { rows } = await pool.query(
    isFunction
      ? `select string_agg(format('%I %s', a.name, format_type(a.type, null)), ', ' order by a.n) as list
         from pg_proc p, unnest(p.proargnames[1:p.pronargs], p.proargtypes::oid[]) with ordinality as a (name, type, n)
         where p.pronamespace = $1::regnamespace and p.proname = $2`
      : `select string_agg(format('%I %s', attname, format_type(atttypid, atttypmod)), ', ' order by attnum) as list
         from pg_attribute where attrelid = format('%I.%I', $1::text, $2::text)::regclass and attnum > 0`,
    [schema, name],
  )
  const list = String(rows[0]?.list ?? '')
  columns.set(key, list)
  return list
}

async function answer(method: string, url: URL, schema: string, body: string): Promise<string> {
  const [, name = ''] = /^\/rest\/v1\/(?:rpc\/)?(\w+)$/.exec(url.pathname) ?? []
  const sent: unknown = JSON.parse(body)
  if (method !== 'POST' || name === '') throw new Error(`${method} ${url.pathname} is not answered here`)
  if (url.pathname.startsWith('/rest/v1/rpc/')) {
    const given = Object.keys(Object(sent))
    const types = (await describe(schema, name, true))
      .split(', ')
      .filter((one) => given.includes(one.split(' ')[0] ?? ''))
    const { rows } = await pool.query(
      `select coalesce(json_agg(r), '[]')::text as body, min(pg_typeof(r)::text) as type
       from json_to_record($1) as args (${types.join(', ')}),
         lateral ${schema}.${name}(${given.map((one) => `${one} := args.${one}`).join(', ')}) r`,
      [body],
    )
    const { body: list = '[]', type } = rows[0] ?? {}
    return type === 'jsonb' ? list.slice(1, -1) : list
  }
  const names = (url.searchParams.get('columns') ?? '').replaceAll('"', '').split(',').filter(Boolean)
  const types = (await describe(schema, name, false))
    .split(', ')
    .filter((one) => names.includes(one.split(' ')[0] ?? ''))
  const { rows } = await pool.query(
    `with written as (insert into ${schema}.${name} (${names}) select ${names} from json_to_recordset($1) as r (${types.join(', ')}) returning *)
     select coalesce(json_agg(written), '[]')::text as body from written`,
    [body],
  )
  return rows[0]?.body ?? '[]'
}

const server = createServer(async (incoming, outgoing) => {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const url = new URL(incoming.url ?? '/', 'http://127.0.0.1')
    const schema = incoming.headers['content-profile'] === 'core_api' ? 'core_api' : 'public'
    const body = await answer(incoming.method ?? '', url, schema, Buffer.concat(chunks).toString())
    outgoing.writeHead(200, { 'content-type': 'application/json' }).end(body)
  } catch (error) {
    const { message, code } = Object(error)
    outgoing.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify({ message, code }))
  }
})
server.listen(0, '127.0.0.1', () => process.send?.(server.address()))
process.on('disconnect', () => process.exit(0))
