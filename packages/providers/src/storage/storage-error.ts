import { CoreError, isObject } from '@core/foundation'

/** E_CONFLICT: `ifAbsent`, and there is a file of this key. */
export function fileExists(key: string): CoreError {
  return new CoreError('E_CONFLICT', `there is a file ${JSON.stringify(key)}`, {
    fix: 'Choose another key, or leave ifAbsent out to replace it.',
    details: { reason: 'file_exists', key },
  })
}

/** E_INVALID: the range begins behind the end of the file. */
export function rangeUnsatisfiable(size: number | undefined): CoreError {
  const known = size === undefined ? '' : `, which has ${size} bytes`
  return new CoreError('E_INVALID', `the range begins behind the end of the file${known}`, {
    fix: 'Begin within the file; head tells its size.',
    details: { reason: 'range_not_satisfiable', ...(size === undefined ? {} : { size }) },
  })
}

/** E_INVALID: this store cannot do what was asked. */
export function unsupported(store: string, what: string, fix: string): CoreError {
  return new CoreError('E_INVALID', `the store ${store} cannot ${what}`, { fix, details: { reason: 'unsupported' } })
}

/** E_PROVIDER of a store. It has no cause: the errors of vendors carry signed addresses and headers with keys. */
export function storeFailed(store: string, status: number | undefined, code?: string): CoreError {
  const isAuth = status === 401 || status === 403
  const retryable = status === undefined || status === 408 || status === 429 || status >= 500
  const shown = [status, code].filter((part) => part !== undefined).join(' ')
  return new CoreError('E_PROVIDER', `the store ${store} failed${shown === '' ? '' : ` with ${shown}`}`, {
    retryable,
    fix: isAuth
      ? 'Check the keys of the store and what they may do.'
      : retryable
        ? 'Try again later; check the address of the store and the network.'
        : 'Check the bucket and the address in CORE_STORAGE_URL.',
    details: {
      provider: store,
      reason: isAuth ? 'auth' : retryable ? 'unavailable' : 'invalid_request',
      ...(status === undefined ? {} : { status }),
      ...(code === undefined ? {} : { storeCode: code }),
    },
  })
}

/** What a vendor's package or `fetch` threw, as a coded error; the reason of the signal where that has aborted. */
export function toStorageError(store: string, error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason
  if (error instanceof CoreError) return error
  if (!isObject(error)) return storeFailed(store, undefined)
  const status = Number(error['status'] ?? error['statusCode'])
  return storeFailed(store, Number.isInteger(status) && status >= 400 ? status : undefined, codeOf(error))
}

function codeOf(error: Readonly<Record<string, unknown>>): string | undefined {
  const cause = isObject(error['cause']) ? error['cause']['code'] : undefined
  const code = [error['serviceCode'], error['code'], cause].find((one) => typeof one === 'string')
  return typeof code === 'string' && /^[\w.]{1,60}$/.test(code) ? code : undefined
}
