/**
 * An address for clients of another maker's API: what they send passes as it is, unknown fields too, and errors have the
 * form of their dialect. The server's routes and the OpenAPI document are made from it; the typed client has none of them.
 */
export interface GatewayRoute {
  readonly operation: string
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: `/v1/projects/{project}/${string}`
  readonly noun: string
  readonly summary: string
  readonly description?: string
  readonly auth: 'model:call'
  readonly dialect: 'openai' | 'anthropic'
  /** Left out: it takes no body. */
  readonly consumes?: 'application/json' | 'multipart/form-data'
  /** Of a body. */
  readonly bodyLimitBytes: number
  /** The last parameter may have slashes as they are, also unencoded. */
  readonly slashes?: true
  /** Answers come as events where the request asks for them. */
  readonly streams?: true
}
