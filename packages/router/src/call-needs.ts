import { isObject } from '@core/foundation'

/** What a request may need of a model besides texts. */
export const features = ['tools', 'images', 'audio', 'files', 'json'] as const
export type Feature = (typeof features)[number]

type Json = Readonly<Record<string, unknown>>

const featureOfPart: Readonly<Record<string, Feature>> = {
  image_url: 'images',
  input_image: 'images',
  image: 'images',
  input_audio: 'audio',
  file: 'files',
  input_file: 'files',
  document: 'files',
}

/** What the body of a chat needs, in either dialect. */
export function readNeeds(body: Json): ReadonlySet<Feature> {
  const needs = new Set<Feature>()
  if (Array.isArray(body['tools']) && body['tools'].length > 0) needs.add('tools')
  const text = body['text']
  for (const format of [body['response_format'], isObject(text) ? text['format'] : undefined]) {
    if (isObject(format) && format['type'] !== 'text' && format['type'] !== undefined) needs.add('json')
  }
  for (const list of [body['messages'], body['input']]) {
    if (!Array.isArray(list)) continue
    for (const message of list) {
      const content = isObject(message) ? message['content'] : undefined
      if (!Array.isArray(content)) continue
      for (const part of content) {
        const feature = isObject(part) ? featureOfPart[String(part['type'])] : undefined
        if (feature !== undefined) needs.add(feature)
      }
    }
  }
  return needs
}
