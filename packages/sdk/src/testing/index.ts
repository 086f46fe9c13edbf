export { callEveryNoun } from './call-every-noun.ts'
