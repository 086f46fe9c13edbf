import { isIP } from 'node:net'

/** The entries of a list as the environment spells it: texts with commas between them. */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}

/** Whether a text is an IP address or a CIDR range. */
export function isAddressRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128))
}

/** Whether a text is an origin exactly as browsers send it. */
export function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text && text !== 'null'
}

/** Whether a text is a host and a port. */
export function isAuthority(text: string): boolean {
  const url = URL.parse(`http://${text}`)
  return /:\d{1,5}$/.test(text) && url !== null && `${url.hostname}:${url.port || '80'}` === text
}
