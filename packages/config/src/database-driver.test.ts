import { describe, expect, test } from 'vitest'
import { chooseDriver } from './database-driver.ts'
import { chooseValues, type Layer } from './layer.ts'

const layer = (source: Layer['source'], values: Record<string, string>): Layer => ({
  source,
  values: new Map(Object.entries(values)),
  faults: [],
})
const choose = (environment: Record<string, string>, file: Record<string, string> = {}) =>
  chooseDriver(chooseValues([layer('file', file), layer('environment', environment)]))

const driver = (name: string) => ({ 'database.driver': name })
const url = { 'database.url': 'postgres://h/d' }
const supabaseUrl = { 'database.supabase.url': 'https://p' }
const supabaseKey = { 'database.supabase.serviceRoleKey': 'k' }
const supabase = { ...supabaseUrl, ...supabaseKey }

describe('the driver', () => {
  test.each([
    ['nothing is set', {}, 'embedded'],
    ['a database URL is set', url, 'postgres'],
    ['a Supabase project is set', supabase, 'supabase'],
    ['both are set', { ...url, ...supabase }, 'postgres'],
    ['embedded is named beside a Supabase project', { ...driver('embedded'), ...supabase }, 'embedded'],
    ['postgres is named', { ...driver('postgres'), ...url, ...supabase }, 'postgres'],
    ['supabase is named', { ...driver('supabase'), ...supabase }, 'supabase'],
  ])('is inferred where %s', (_, environment, expected) => {
    expect(choose(environment)).toEqual({ driver: expected, faults: [] })
  })

  test('named in the environment overrules a URL of the file', () => {
    expect(choose(driver('embedded'), url)).toEqual({ driver: 'embedded', faults: [] })
    expect(choose({ ...driver('supabase'), ...supabase }, url)).toEqual({ driver: 'supabase', faults: [] })
  })

  test.each([
    ['postgres without a URL', driver('postgres'), {}, ['CORE_DATABASE_URL']],
    ['embedded beside a URL', { ...driver('embedded'), ...url }, {}, ['CORE_DATABASE_DRIVER']],
    ['supabase beside a URL', { ...driver('supabase'), ...url, ...supabase }, {}, ['CORE_DATABASE_DRIVER']],
    ['embedded in the file under a URL', url, driver('embedded'), ['CORE_DATABASE_DRIVER']],
    ['a Supabase URL without its key', supabaseUrl, {}, ['SUPABASE_SERVICE_ROLE_KEY']],
    ['a Supabase key without its URL', supabaseKey, {}, ['SUPABASE_URL']],
    ['supabase without anything', driver('supabase'), {}, ['SUPABASE_URL', 'SUPABASE_SERVICE_ROLE_KEY']],
  ])('is at fault: %s', (_, environment, file, variables) => {
    expect(choose(environment, file).faults.map(({ variable }) => variable)).toEqual(variables)
  })
})
