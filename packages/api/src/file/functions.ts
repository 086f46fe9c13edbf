import { z } from 'zod/mini'
import { accepted, denial, instant, whole } from '../contract/answer-field.ts'
import { bigint, flag, integer, nullable, optional, text, texts, uuid, uuids } from '../contract/function-argument.ts'
import { describeFunction } from '../contract/function-description.ts'

const file = {
  name: z.string(),
  size: whole,
  content_type: z.string(),
  sha256: z.nullable(z.string()),
  etag: z.string(),
  created_at: instant,
  created_by: z.string(),
}
const upload = {
  upload: z.string(),
  name: z.string(),
  store: z.string(),
  size: whole,
  content_type: z.string(),
  status: z.string(),
  expires_at: instant,
}
const space = { quota_bytes: whole, used_bytes: whole, held_bytes: whole, file_count: whole }
const place = { object: z.string(), store: z.string() }
const replayed = z.boolean()
const project = optional(text)

export const fileBegin = describeFunction({
  name: 'file_begin',
  args: {
    key: text,
    name: text,
    size: bigint,
    store: text,
    contentType: optional(text),
    ttlS: optional(integer),
    project,
    ifAbsent: optional(flag),
  },
  answer: z.union([
    z.object({ ...accepted, replayed, ...upload }),
    denial('file_quota_exceeded', { size: whole, quota_bytes: whole, used_bytes: whole, held_bytes: whole }),
  ]),
})

export const fileUpload = describeFunction({
  name: 'file_upload',
  args: { upload: uuid, project },
  answer: z.object({ ...accepted, ...upload }),
})

export const fileCommit = describeFunction({
  name: 'file_commit',
  args: { upload: uuid, size: bigint, etag: text, sha256: optional(nullable(text)), project, ifAbsent: optional(flag) },
  answer: z.object({ ...accepted, replayed, ...file }),
})

export const fileAbort = describeFunction({
  name: 'file_abort',
  args: { upload: uuid, project },
  answer: z.object({ ...accepted, ended: z.boolean() }),
})

export const fileRemove = describeFunction({
  name: 'file_remove',
  args: { name: text, project },
  answer: z.object({ ...accepted, ...file }),
})

export const fileQuotaSet = describeFunction({
  name: 'file_quota_set',
  args: { project: text, bytes: bigint },
  answer: z.object({ ...accepted, ...space }),
})

export const fileGet = describeFunction({
  name: 'file_get',
  args: { name: text, project },
  answer: z.object({ ...accepted, ...place, ...file }),
})

export const fileList = describeFunction({
  name: 'file_list',
  args: { prefix: optional(text), after: optional(nullable(text)), limit: optional(integer), project },
  answer: z.object({ ...accepted, files: z.array(z.object(file)), next: z.nullable(z.string()) }),
})

export const fileUsage = describeFunction({
  name: 'file_usage',
  args: { project },
  answer: z.object({ ...accepted, ...space }),
})

/** For the control plane: objects to delete from these stores. */
export const fileSweep = describeFunction({
  name: 'file_sweep',
  args: { stores: texts, limit: optional(integer) },
  answer: z.object({
    ...accepted,
    objects: z.array(z.object({ ...place, project: z.string(), name: z.string() })),
    forgotten: whole,
    remaining: z.boolean(),
  }),
})

export const fileSwept = describeFunction({
  name: 'file_swept',
  args: { objects: uuids, stores: texts },
  answer: z.object({ ...accepted, removed: whole }),
})

/** Files whose content is in another store, after `<project>/<name>`. */
export const fileElsewhere = describeFunction({
  name: 'file_elsewhere',
  args: { store: text, after: optional(nullable(text)), limit: optional(integer) },
  answer: z.object({ ...accepted, files: z.array(z.object({ project: z.string(), ...place, ...file })) }),
})

export const fileMoved = describeFunction({
  name: 'file_moved',
  args: { project: text, object: uuid, name: text, store: text, etag: text, sha256: text },
  answer: z.object({ ...accepted, moved: z.boolean() }),
})

export const fileStats = describeFunction({
  name: 'file_stats',
  args: {},
  answer: z.object({ ...accepted, files: whole, used_bytes: whole, held_bytes: whole, trash: whole }),
})
