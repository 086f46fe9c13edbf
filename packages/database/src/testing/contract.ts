// Needs Vitest; everything else of the test kit does not.
export { type ContractBackend, type ContractTarget, contractFunctions } from './contract-target.ts'
export { describeDatabaseContract } from './database-contract.ts'
