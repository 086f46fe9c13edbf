import { isIP } from 'node:net'

/** The entries of a setting that is a list: texts with commas between them. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

/** Whether every entry is an IP address or a CIDR range. */
export function isAddressList(text: string): boolean {
  return splitList(text).every((entry) => {
    const [address = '', prefix, ...rest] = entry.split('/')
    const version = isIP(address)
    if (version === 0 || rest.length > 0) return false
    return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
  })
}

/** Whether every entry is an origin exactly as browsers send it. */
export function isOriginList(text: string): boolean {
  return splitList(text).every((entry) => URL.canParse(entry) && new URL(entry).origin === entry && entry !== 'null')
}

/** Whether every entry is a host and a port. */
export function isAuthorityList(text: string): boolean {
  return splitList(text).every((entry) => {
    const url = URL.parse(`http://${entry}`)
    return /:\d{1,5}$/.test(entry) && url !== null && `${url.hostname}:${url.port || '80'}` === entry
  })
}
