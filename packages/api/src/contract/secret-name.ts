import { z } from 'zod'

/** The name of a secret, wherever one is set or named. */
export const secretName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_-]{0,99}$/)
  .describe('The name of a secret: 1 to 100 letters, digits, _ and -, beginning with a letter')
