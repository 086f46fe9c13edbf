import { z } from 'zod/mini'
import { accepted, anything, instant, object } from '../contract/answer-field.ts'
import { json, optional, text, texts } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const project = {
  name: z.string(),
  version: z.nullable(z.string()),
  capabilities: z.array(anything),
  endpoints: object,
  metadata: object,
  registered_at: instant,
  updated_at: instant,
  archived_at: z.nullable(instant),
  etag: z.string(),
}
const fields = {
  version: optional(text),
  capabilities: optional(json),
  endpoints: optional(json),
  metadata: optional(json),
}
/** What a DBA has to run so that the project has its schema; null where it has. */
const registered = { ...accepted, ...project, dba_sql: z.nullable(z.string()) }

export const projectCreate = describeFunction({
  name: 'project_create',
  args: { key: text, name: text, ...fields },
  answer: z.object({ ...registered, replayed: z.boolean() }),
})

export const projectRegister = describeFunction({
  name: 'project_register',
  args: { name: text, ...fields, ifMatch: optional(texts) },
  answer: z.object(registered),
})

export const projectUpdate = describeFunction({
  name: 'project_update',
  args: { name: text, ...fields, ifMatch: optional(texts) },
  answer: z.object(registered),
})

export const projectArchive = describeFunction({
  name: 'project_archive',
  args: { name: text },
  answer: z.object({ ...accepted, ...project }),
})

export const projectRestore = describeFunction({
  name: 'project_restore',
  args: { name: text },
  answer: z.object({ ...accepted, ...project }),
})

export const projectGet = describeFunction({
  name: 'project_get',
  args: { name: text },
  answer: z.object({ ...accepted, ...project }),
})

export const projectList = describeFunction({
  name: 'project_list',
  args: {},
  answer: z.object({ ...accepted, projects: z.array(z.object(project)) }),
})
