// Made by scripts/generate.ts from the migrated catalog. Do not edit.
import type { Json, JsonInput } from '../json.ts'

/** The functions of core_api: names, arguments and answers. */
export interface CoreFunctions {
  project_list: { args: Record<never, never>; result: Json }
  project_register: {
    args: {
      p_name: string
      p_version?: string | null
      p_capabilities?: JsonInput
      p_endpoints?: JsonInput
      p_metadata?: JsonInput
    }
    result: Json
  }
}
