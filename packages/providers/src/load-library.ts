import { CoreError } from '@core/foundation'

// What a deployment installs for its provider. Each import is in a `try` of its own: bundlers (webpack, Turbopack,
// esbuild) then leave out a library that is not installed, where they would fail otherwise.

export async function loadAnthropic(): Promise<typeof import('@ai-sdk/anthropic')> {
  try {
    return await import('@ai-sdk/anthropic')
  } catch (error) {
    throw libraryMissing('@ai-sdk/anthropic', error)
  }
}

export async function loadOpenAICompatible(): Promise<typeof import('@ai-sdk/openai-compatible')> {
  try {
    return await import('@ai-sdk/openai-compatible')
  } catch (error) {
    throw libraryMissing('@ai-sdk/openai-compatible', error)
  }
}

export async function loadSupabaseStorage(): Promise<typeof import('@supabase/storage-js')> {
  try {
    return await import('@supabase/storage-js')
  } catch (error) {
    throw libraryMissing('@supabase/storage-js', error)
  }
}

export async function loadVercelBlob(): Promise<typeof import('@vercel/blob')> {
  try {
    return await import('@vercel/blob')
  } catch (error) {
    throw libraryMissing('@vercel/blob', error)
  }
}

export async function loadS3mini(): Promise<typeof import('s3mini')> {
  try {
    return await import('s3mini')
  } catch (error) {
    throw libraryMissing('s3mini', error)
  }
}

export async function loadJose(): Promise<typeof import('jose')> {
  try {
    return await import('jose')
  } catch (error) {
    throw libraryMissing('jose', error)
  }
}

export async function loadOpenIdClient(): Promise<typeof import('openid-client')> {
  try {
    return await import('openid-client')
  } catch (error) {
    throw libraryMissing('openid-client', error)
  }
}

function libraryMissing(name: string, cause: unknown): CoreError {
  return new CoreError('E_CONFIG_INVALID', `the package ${name} cannot be loaded`, {
    fix: `Install it: npm install ${name}`,
    cause,
  })
}
