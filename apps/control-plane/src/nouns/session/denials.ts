import type { Denials } from '../../http/bound-route.ts'

export const sessionDenials: Denials = {
  session_live: ({ session }) => `this process has the session ${session} already`,
  session_ended: ({ session }) => `the session ${session} has ended`,
  bound_reached: ({ bound, limit }) => `the project has ${limit} ${bound}, which is the most it may`,
}
