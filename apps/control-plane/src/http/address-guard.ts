import { type LookupAddress, lookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { CoreError } from '@core/foundation'

/** Decides which addresses the control plane may be made to call by what others write into it. */
export interface AddressGuard {
  /** @throws CoreError E_INVALID, with what is wrong with the address. */
  check(url: URL): void
  /** Resolves a name for a connection, and fails where any of its addresses is not public. */
  lookupFor(url: URL): LookupFunction | undefined
}

/** Special-purpose ranges of the IANA registries: nothing there is a host of the public internet. */
const privateRanges = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const
/** Of IPv6 only global unicast is public, without the ranges in which an IPv4 address hides. */
const hiddenRanges = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const

const notPublic = new BlockList()
for (const [net, prefix] of privateRanges) notPublic.addSubnet(net, prefix, 'ipv4')
for (const [net, prefix] of hiddenRanges) notPublic.addSubnet(net, prefix, 'ipv6')
const globalUnicast = new BlockList()
globalUnicast.addSubnet('2000::', 3, 'ipv6')

export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !notPublic.check(address, 'ipv4')
  return globalUnicast.check(address, 'ipv6') && !notPublic.check(address, 'ipv6')
}

/** `privateHosts`: hosts (`host:port`) that an operator lets pass as they are, without TLS too, by `setting`. */
export function createAddressGuard(privateHosts: readonly string[], setting: string): AddressGuard {
  const privateFix = `Hosts inside your own network have to be listed in ${setting} by the operator.`
  const trusted = new Set(privateHosts)
  const isTrusted = (url: URL) =>
    trusted.has(`${url.hostname}:${url.port || (url.protocol === 'https:' ? '443' : '80')}`)

  return {
    check(url) {
      if (url.username !== '' || url.password !== '') {
        throw refused('the address holds a user or password', 'Leave them out.')
      }
      if (isTrusted(url)) return
      if (url.protocol !== 'https:' || url.port !== '') {
        throw refused('the address must be https on port 443', privateFix)
      }
      const literal = url.hostname.replace(/^\[(.*)\]$/, '$1')
      if (isIP(literal) !== 0 && !isPublicAddress(literal)) throw notPublicError(url.hostname, privateFix)
      if (
        isIP(literal) === 0 &&
        (!url.hostname.includes('.') || /\.(localhost|local|internal)\.?$/.test(url.hostname))
      ) {
        throw notPublicError(url.hostname, privateFix)
      }
    },
    lookupFor(url) {
      if (isTrusted(url)) return undefined
      return (hostname, options, callback) => {
        lookup(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
          const [first] = addresses ?? []
          if (error || first === undefined) return callback(error ?? new Error(`${hostname} has no address`), '', 4)
          // One private address among public ones would make it a matter of chance.
          if (!addresses.every(({ address }) => isPublicAddress(address)))
            return callback(notPublicError(hostname, privateFix), '', 4)
          if (options.all === true) return callback(null, addresses)
          return callback(null, first.address, first.family)
        })
      }
    },
  }
}

function notPublicError(host: string, privateFix: string): CoreError {
  return refused(`${host} is not a public address`, privateFix)
}

function refused(message: string, fix: string): CoreError {
  return new CoreError('E_INVALID', message, { fix, details: { field: 'url' } })
}
