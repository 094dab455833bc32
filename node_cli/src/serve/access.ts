// Who may ask: bearer tokens.
import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares in a time that depends on neither. */
export class TokenCheck {
  private readonly expected: Buffer;
  constructor(token: string) {
    this.expected = digest(token);
  }
  accepts(authorization: string | undefined): boolean {
    const given = /^Bearer +(.*)$/is.exec(authorization ?? '')?.[1] ?? '';
    return timingSafeEqual(digest(given), this.expected);
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
