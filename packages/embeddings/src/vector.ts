import { CoreError } from '@core/foundation'

/** As pgvector reads it, with six digits: what is stored has about three. `Array.join` on numbers would write seventeen. */
export function toVectorText(vector: ArrayLike<number>): string {
  let text = '['
  for (let index = 0; index < vector.length; index++) {
    const value = vector[index] ?? Number.NaN
    text += `${index === 0 ? '' : ','}${Number(value.toPrecision(6))}`
  }
  return `${text}]`
}

export function toVector(text: string): number[] {
  return text.slice(1, -1).split(',').map(Number)
}

/** What makes it unusable, or undefined. */
export function findVectorFault(vector: unknown, dimensions: number): string | undefined {
  if (!isArrayOfNumbers(vector)) return 'is not an array of numbers'
  if (vector.length !== dimensions) return `has ${vector.length} dimensions, not ${dimensions}`
  let squares = 0
  for (let index = 0; index < vector.length; index++) {
    const value = vector[index]
    if (!Number.isFinite(value)) return `has ${value} at ${index}`
    squares += Number(value) ** 2
  }
  return squares === 0 ? 'is zero, which has no direction' : undefined
}

/** @throws CoreError E_INVALID for a vector that cannot be searched by. */
export function requireVector(vector: readonly number[], dimensions: number): string {
  const fault = findVectorFault(vector, dimensions)
  if (fault !== undefined) throw new CoreError('E_INVALID', `the vector ${fault}`, { details: { field: 'vector' } })
  return toVectorText(vector)
}

export function cosine(left: readonly number[], right: readonly number[]): number {
  let product = 0
  let leftSquares = 0
  let rightSquares = 0
  for (let index = 0; index < left.length; index++) {
    const [a, b] = [left[index] ?? 0, right[index] ?? 0]
    product += a * b
    leftSquares += a * a
    rightSquares += b * b
  }
  return leftSquares === 0 || rightSquares === 0 ? 0 : product / Math.sqrt(leftSquares * rightSquares)
}

function isArrayOfNumbers(value: unknown): value is ArrayLike<number> {
  return (
    (Array.isArray(value) && value.every((item) => typeof item === 'number')) ||
    value instanceof Float32Array ||
    value instanceof Float64Array
  )
}
