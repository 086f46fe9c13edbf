import { z } from 'zod/mini'

/** What a setting's schema cannot say: its variable, its meaning, and how to describe a right value. */
export interface SettingMeta {
  /** The environment variable that sets it. */
  variable: string
  /** One or two sentences for the reference. */
  description: string
  /** What a right value is, in words. Needed for texts; numbers and choices describe themselves. */
  expected?: string
  /** A right value, for settings without a default. */
  example?: string
  /** Never shown in errors, logs or printed configurations. */
  secret?: true
}

/** Every leaf of a section is registered here; loading, the reference and `.env.example` are derived from both. */
export const settingRegistry = z.registry<SettingMeta>()
