export { countSigningKeys } from './auth/signing-keys.ts'
export { type InspectedRoutes, inspectRoutes } from './nouns/router/inspect-routes.ts'
export { createLogger } from './observe/log.ts'
export { startControlPlane } from './process/compose.ts'
export type { ControlPlane, ControlPlaneOptions } from './process/control-plane.ts'
export {
  exampleInstallation,
  exampleProjects,
  type FirstStart,
  type Installation,
  installProjects,
  makeFirstKeys,
} from './process/first-start.ts'
export { runControlPlane } from './process/run.ts'
export { closeOnSignal, type ShutdownOptions } from './process/shutdown.ts'
export { renderStartMessage } from './process/start-message.ts'
