import type { Kernel } from '../../process/noun.ts'
import type { TopicListeners } from '../../realtime/realtime.ts'

/** Drops the cached roles of a changed member, and makes the member's clients reconnect where the roles differ. */
export const memberListeners = ({ keyring, realtime: { connections } }: Kernel): TopicListeners => ({
  member({ data }) {
    const subject = String(data['subject'])
    keyring.forgetUser(subject)
    connections.verifyCredential(subject)
  },
})
