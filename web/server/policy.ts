// The page's content security policy: in a <meta> of the built page, so that any static host has it, and as a header where ours serves it.

const directives: readonly string[] = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "manifest-src 'self'",
  "worker-src 'self'",
  "connect-src 'self' http: https:", // the addresses of a user's own fog nodes
  "base-uri 'none'",
  "form-action 'none'",
];

export const metaPolicy = directives.join('; ');
/** What a <meta> may not say is said by the header. */
export const headerPolicy = [...directives, "frame-ancestors 'none'"].join('; ');
