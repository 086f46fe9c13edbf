import { Option } from 'commander'

export interface SystemOptions {
  system?: boolean
}

export function systemOption(): Option {
  return new Option('--system', 'a key of the whole system, for the owner; the project is not looked at')
}
