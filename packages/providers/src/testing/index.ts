export { type DriverUnderTest, describeDriver } from './driver-contract.ts'
export { type Fault, faults } from './fake-call.ts'
export { type FakeProvider, type FakeProviderOptions, type FakeRequest, startFakeProvider } from './fake-provider.ts'
