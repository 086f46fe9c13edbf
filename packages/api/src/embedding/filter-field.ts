import { jsonObjectField } from '../contract/field.ts'

/** A condition on metadata. The database checks what is in it. */
export const filterField = jsonObjectField.meta({
  type: 'object',
  description:
    'A condition on metadata: {op: and|or, args}, {op: not, arg}, {op: eq|ne|gt|gte|lt|lte, key, value}, {op: in, key, values} or {op: exists, key}; at most 16 KB and 8 levels',
})
