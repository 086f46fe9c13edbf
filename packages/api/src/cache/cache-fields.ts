import { z } from 'zod'
import { nameField, ownerField, projectField } from '../contract/field.ts'

export const namespaceField = nameField(512).describe('A namespace of the cache, 1 to 512 characters, not . or ..')
export const keyField = nameField(512).describe('A key in it, 1 to 512 characters, not . or ..')
export const tagField = z.string().min(1).max(512)
export const tagsField = z.array(tagField).max(64).describe('Names under which entries can be invalidated')

export const inProject = z.strictObject({ project: projectField })
export const inNamespace = z.strictObject({ project: projectField, namespace: namespaceField })
export const ofKey = z.strictObject({ project: projectField, namespace: namespaceField, key: keyField })
export const ofOwner = z.strictObject({ owner: ownerField })

/** Of the examples. */
export const project = 'model_service'
export const namespace = 'answers'
