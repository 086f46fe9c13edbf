import type { Denials } from '../../http/bound-route.ts'

export const fileDenials: Denials = {
  file_quota_exceeded: ({ size, quotaBytes, usedBytes, heldBytes }) =>
    `${size} bytes do not fit: of ${quotaBytes} the files take ${usedBytes} and uploads under way hold ${heldBytes}`,
}
