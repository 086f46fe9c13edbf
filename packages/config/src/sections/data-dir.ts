import { z } from 'zod'
import { settingRegistry } from '../setting-registry.ts'

export const dataDirSection = z.string().min(1).default('.core').register(settingRegistry, {
  variable: 'CORE_DATA_DIR',
  description: 'Where Core keeps its files; the embedded database lives in `data` inside it.',
  expected: 'a folder, relative to the working directory or absolute',
})
