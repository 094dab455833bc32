// Why a page cannot reach a server, as far as a page can know: browsers tell scripts only that a request failed, so the reason is told
// apart by what the two addresses are and by whether anything answers at all.

export interface Reasons {
  title: string;
  remedies: Remedy[];
}

export interface Remedy {
  text: string;
  /** To be typed on the server's machine. */
  command?: string;
}

const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/** What is wrong with the address itself or with asking it from this page, before anything is sent; undefined if nothing is. */
export function addressProblem(text: string, pageUrl: string): Reasons | undefined {
  let url: URL;
  try {
    url = new URL(text.trim());
  } catch {
    return { title: 'This is no web address', remedies: [{ text: 'Write it with http:// or https:// in front, such as http://192.168.1.20:8700' }] };
  }
  if (!/^https?:$/.test(url.protocol)) return { title: `${url.protocol}// is no address of a server`, remedies: [{ text: 'A fog node is spoken to by http:// or https://' }] };
  if (url.username !== '' || url.password !== '') return { title: 'The address holds a password', remedies: [{ text: 'Leave it out; a token is sent in a header instead.' }] };
  if (new URL(pageUrl).protocol === 'https:' && url.protocol === 'http:' && !loopback.test(url.hostname)) {
    return {
      title: 'The browser forbids it: this page came by https, the server speaks plain http',
      remedies: [{ text: 'Browsers call that mixed content and block it. Put the server behind https, or open this page by http on your own machine (./run web).' }],
    };
  }
  return undefined;
}

/**
 * After a request failed without an answer. `somethingAnswers`: whether a request whose answer the page may not read came back, which tells
 * a server that does not let this page in from one that is not there; undefined where the browser does not tell (an isolated page).
 */
export function failureReasons(text: string, pageUrl: string, somethingAnswers: boolean | undefined): Reasons {
  const { origin, hostname: here } = new URL(pageUrl);
  const { host, hostname: there } = new URL(text.trim());
  const start: Remedy = {
    text: 'Is the server running, is the port right, and is it in the same network? On its machine:', command: `offramp serve PACKAGE --port ${new URL(text.trim()).port || '8700'}`,
  };
  const allow: Remedy = {
    text: `If it runs: browsers ask a server's leave before a page of another address may read its answers (CORS), so it must allow ${origin}. Offramp's own does so when told:`,
    command: `offramp serve PACKAGE --allow-origin ${origin}`,
  };
  const permission: Remedy[] = loopback.test(there) && !loopback.test(here)
    ? [{ text: 'Your browser may also want your permission for pages to reach this machine: look for its question beside the address.' }] : [];
  if (somethingAnswers === true) return { title: `Something answers at ${host}, but does not let this page read it`, remedies: [allow] };
  if (somethingAnswers === false) return { title: `Nothing answers at ${host}`, remedies: [start, ...permission] };
  return { title: `No answer from ${host} that this page may read`, remedies: [start, allow, ...permission] };
}
