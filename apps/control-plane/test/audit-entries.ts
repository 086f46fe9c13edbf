import { z } from 'zod'
import type { TestServer } from './test-server.ts'

const entrySchema = z.object({
  id: z.number(),
  source: z.enum(['admin', 'ledger']),
  project: z.string().nullable(),
  actor: z.string(),
  action: z.string(),
  resource: z.string(),
  requestId: z.string().nullable(),
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
  at: z.string(),
})
const pageSchema = z.object({ data: z.array(entrySchema), page: z.object({ next: z.string().nullable() }) })

export type AuditEntry = z.output<typeof entrySchema>

/** A page of the audit log; by default of everything, as the owner. */
export async function readAuditLog(server: TestServer, query = '', path = '/v1/audit-log', key = server.owner) {
  const reply = await server.send('GET', `${path}?${query}`, { key })
  if (reply.status !== 200) throw new Error(reply.text)
  return pageSchema.parse(reply.body)
}

export async function newestEntry(server: TestServer): Promise<number> {
  return (await readAuditLog(server, 'limit=1')).data[0]?.id ?? 0
}

/** What is written by whatever `work` does. */
export async function entriesOf<Value>(server: TestServer, work: () => Promise<Value>) {
  const before = await newestEntry(server)
  const value = await work()
  let { data } = await readAuditLog(server, 'limit=10')
  if (data.every(({ id }) => id > before)) data = (await readAuditLog(server, 'limit=1000')).data
  return { value, entries: data.filter(({ id }) => id > before) }
}
