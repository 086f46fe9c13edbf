export { type FakeGotrue, startFakeGotrue } from './auth/fake-gotrue.ts'
export {
  describeIssuedLogin,
  describeLogin,
  type IssuedLoginUnderTest,
  type LoginUnderTest,
} from './auth/login-contract.ts'
export { type OidcIssuer, startOidcIssuer } from './auth/oidc-issuer.ts'
export { type DriverUnderTest, describeDriver } from './driver-contract.ts'
export { type Fault, faults } from './fake-call.ts'
export { type FakeProvider, type FakeProviderOptions, type FakeRequest, startFakeProvider } from './fake-provider.ts'
export { type FakeS3, startFakeS3 } from './storage/fake-s3.ts'
export { type FakeSupabaseStorage, startFakeSupabaseStorage } from './storage/fake-supabase-storage.ts'
export { type FakeVercelBlob, startFakeVercelBlob } from './storage/fake-vercel-blob.ts'
export { describeStorage, type StoreUnderTest } from './storage/storage-contract.ts'
