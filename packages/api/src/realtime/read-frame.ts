import { isObject } from '@core/foundation'
import { type BodyShapes, fit, MisfitError } from '../contract/body-shape.ts'
import type { BodyShape } from '../contract/wire-operation.ts'
import { eventShapes, frameShapes, parts } from '../generated/events.ts'
import type { EventFrame, ServerFrame } from './frame.ts'

/** A frame of the server. Undefined for what is no JSON, and for a frame of a later version, which is passed over. */
export function readFrame(text: string): ServerFrame | undefined {
  try {
    const frame: unknown = JSON.parse(text)
    return isServerFrame(frame) ? frame : undefined
  } catch {
    return undefined
  }
}

export function isEventFrame(value: unknown): value is EventFrame {
  return isServerFrame(value) && value.op === 'event'
}

/** Whether this version knows events of this type in this topic, and whether the data is theirs. */
export function checkEvent(topic: string, type: string, data: unknown): 'fits' | 'misfit' | 'unknown' {
  const shape = own(own(eventShapes, topic) ?? {}, type)
  if (shape === undefined) return 'unknown'
  return fits(data, shape) ? 'fits' : 'misfit'
}

function isServerFrame(value: unknown): value is ServerFrame {
  const shape = isObject(value) ? own(frameShapes, String(value['op'])) : undefined
  return shape !== undefined && fits(value, shape)
}

function own<Value>(values: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

function fits(value: unknown, shape: BodyShape, shapes: BodyShapes = parts): boolean {
  try {
    fit(value, shape, shapes)
    return true
  } catch (error) {
    if (error instanceof MisfitError) return false
    throw error
  }
}
