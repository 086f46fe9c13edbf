/** What one check found. */
export interface Finding {
  /** What was looked at. */
  check: string
  /** `skipped`: it could not be looked at, because of another finding or because it does not apply here. */
  status: 'ok' | 'warning' | 'fault' | 'skipped'
  detail: string
  /** What to do about a warning or a fault. */
  fix?: string
}

export const ok = (check: string, detail: string): Finding => ({ check, status: 'ok', detail })
export const skipped = (check: string, detail: string): Finding => ({ check, status: 'skipped', detail })
export const warning = (check: string, detail: string, fix: string): Finding => ({
  check,
  status: 'warning',
  detail,
  fix,
})
export const fault = (check: string, detail: string, fix: string): Finding => ({ check, status: 'fault', detail, fix })
