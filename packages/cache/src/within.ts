/** Settles as the promise does, or, once the time is up, as `onTimeout` says. The promise continues. */
export function within<Value, Late>(
  promise: Promise<Value>,
  limitMs: number,
  onTimeout: () => Late,
): Promise<Value | Late> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      try {
        resolve(onTimeout())
      } catch (error) {
        reject(error)
      }
    }, limitMs)
    promise.finally(() => clearTimeout(timer)).then(resolve, reject)
  })
}
