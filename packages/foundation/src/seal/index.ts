export { createSealer, type Sealer, type SealPlace, sealedBy } from './seal.ts'
