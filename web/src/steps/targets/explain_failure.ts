// Why asking a server from this page failed, in plain words.
import { failureReasons, type Reasons } from './why_unreachable.js';

/** `kind` and `message` of the OipError. */
export async function explainFailure(url: string, kind: string, message: string): Promise<Reasons> {
  if (kind === 'unreachable') return failureReasons(url, location.href, await somethingAnswers(url));
  if (kind === 'timeout') return { title: 'No answer within five seconds', remedies: [{ text: 'The server may be busy, or a firewall swallows the request. Try again, or check the address.' }] };
  if (kind === 'unauthorized') return { title: 'The server wants a token', remedies: [{ text: 'Write it into the field beside the address. It is kept on this page only.' }] };
  return { title: 'It answers, but not as a server of the Open Inference Protocol', remedies: [{ text: `${message}. Is the path right? offramp serve answers at the bare address.` }] };
}

/** An isolated page may not even know that. */
async function somethingAnswers(url: string): Promise<boolean | undefined> {
  if (crossOriginIsolated) return undefined;
  try {
    await fetch(url, { mode: 'no-cors', cache: 'no-store' });
    return true;
  } catch {
    return false;
  }
}
