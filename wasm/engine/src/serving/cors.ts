// Which pages may ask: CORS.

/** "*", or exact origins; pages of this machine are always allowed. */
export type AllowedOrigins = '*' | readonly string[];

const preflightSeconds = 7200; // the longest that Chromium keeps
const ownOrigin = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/;

export function isOriginAllowed(origin: string, allowed: AllowedOrigins): boolean {
  return allowed === '*' || ownOrigin.test(origin) || allowed.includes(origin);
}

/** Of every answer to an allowed origin. */
export function corsHeaders(origin: string): Record<string, string> {
  return {
    'access-control-allow-origin': origin, vary: 'Origin',
    'access-control-expose-headers': 'Inference-Header-Content-Length, Retry-After',
  };
}

export function preflightHeaders(wantsPrivateNetwork: boolean): Record<string, string> {
  return {
    'access-control-allow-methods': 'GET, POST', 'access-control-max-age': String(preflightSeconds),
    'access-control-allow-headers': 'Authorization, Content-Type, Inference-Header-Content-Length',
    ...(wantsPrivateNetwork ? { 'access-control-allow-private-network': 'true' } : {}),
  };
}
