import type { FastifyReply } from 'fastify'

/** Asks for the credential of a sign-in without an issuer's page. It leaves as the body of a form, in no address. */
export function sendCredentialPage(
  reply: FastifyReply,
  state: string,
  label: string,
  redirectTo: string,
): FastifyReply {
  const text = `<form method="post"><label>${escapeHtml(label)} <input type="password" name="credential" autocomplete="off" required autofocus></label>
<input type="hidden" name="state" value="${escapeHtml(state)}"> <button>Sign in</button></form>`
  // The policy holds for where the answer to the form leads, too.
  const after = redirectTo.startsWith('/') ? '' : ` ${new URL(redirectTo).origin}`
  return sendPage(reply, 'Sign in', text, `form-action 'self'${after}`)
}

/** Shows the code that a command waits for on a machine without a browser. */
export function sendCodePage(reply: FastifyReply, code: string): FastifyReply {
  const text = `<p>Paste this code into the command. It is good for one minute, and once.</p><pre>${escapeHtml(code)}</pre>`
  return sendPage(reply, 'Code', text, "form-action 'none'")
}

function sendPage(reply: FastifyReply, title: string, body: string, formPolicy: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', `default-src 'none'; base-uri 'none'; frame-ancestors 'none'; ${formPolicy}`)
    .header('referrer-policy', 'same-origin') // with none at all, browsers send the form with the origin null
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><title>${title} - Core</title><h1>${title}</h1>\n${body}\n</html>\n`,
    )
}

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
}
