import { z } from 'zod/mini'
import { accepted, whole } from '../contract/answer-field.ts'
import { describeFunction } from '../contract/function-description.ts'

export const systemInfo = describeFunction({
  name: 'system_info',
  args: {},
  answer: z.object({ ...accepted, server_version: z.string(), migrations: z.array(z.string()) }),
})

/** Whether restore_finish has to run, because the data was copied from another cluster. */
export const restoreStatus = describeFunction({
  name: 'restore_status',
  args: {},
  answer: z.object({ ...accepted, finished: z.boolean(), stored: whole, next: whole }),
})

export const restoreFinish = describeFunction({
  name: 'restore_finish',
  args: {},
  answer: z.object({ ...accepted, changed: z.boolean(), base: whole }),
})
