import { z } from 'zod/mini'
import { settingRegistry } from '../setting-registry.ts'

export const dataDirSection = z._default(z.string().check(z.minLength(1)), '.core').register(settingRegistry, {
  variable: 'CORE_DATA_DIR',
  description: 'Where Core keeps its files; the embedded database lives in `data` inside it.',
  expected: 'a folder, relative to the working directory or absolute',
})
