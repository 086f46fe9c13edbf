interface Me {
  readonly subject: string
  readonly project: string | null
  readonly roles: readonly { readonly project: string | null }[]
}

/** Whether a credential acts permanentlyy project, by what GET /v1/me says: a person with none or several does not. */
export function actsEverywhere({ subject, project, roles }: Me): boolean {
  return subject.startsWith('user:') ? roles.some((role) => role.project === null) : project === null
}
