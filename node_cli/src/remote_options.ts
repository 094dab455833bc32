// Addresses of other servers, and tokens for and from them.
import { invalidArgument } from '@offramp/engine';

/** Errors: invalid_argument naming the option. */
export function readUrl(name: string, text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '' || url.hash !== '') {
    throw invalidArgument(`--${name} is an address such as http://fog:8700, not "${text}"`);
  }
  return text;
}

/** From the environment: a command line is there for every user of the machine to see. */
export function readToken(name: string): string | undefined {
  const token = process.env[name];
  if (token === undefined || token === '') return undefined;
  if (!/^[\x21-\x7e]+$/.test(token)) throw invalidArgument(`${name} holds characters that no header can carry`);
  return token;
}
