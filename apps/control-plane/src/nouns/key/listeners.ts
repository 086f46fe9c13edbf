import type { Kernel } from '../../process/noun.ts'
import type { TopicListeners } from '../../realtime/realtime.ts'

/** Drops a changed key from the cache, and closes the connections of one that was revoked or disabled. */
export const keyListeners = ({ keyring, realtime: { connections } }: Kernel): TopicListeners => ({
  key({ type, data }) {
    if (type === 'created') return
    const id = String(data['id'])
    const subject = `key:${id}`
    keyring.forget(id)
    // An update may be undone by a later one that has not been read yet: only a lookup shows the key's state.
    if (type === 'updated') connections.verifyCredential(subject)
    else if (type === 'revoked') connections.revoke(subject)
    else if (typeof data['expiresAt'] === 'string') connections.setExpiry(subject, data['expiresAt'])
  },
})
