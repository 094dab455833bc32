// Keeps the page for use without a network: the shell at once, the build of the module that this browser takes when the page names it, and
// examples when they are first used. The build writes the shell's files and a version into it.

interface Precache {
  version: string;
  files: string[];
  /** Named by their contents: what is in others is of an earlier version. */
  folders: string[];
}
interface ExtendableEvent extends Event {
  waitUntil(work: Promise<unknown>): void;
}
interface KeepEvent extends ExtendableEvent {
  readonly data: { keep?: string[] };
}
interface FetchEvent extends ExtendableEvent {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}
interface WorkerScope {
  readonly location: { origin: string };
  readonly registration: { scope: string };
  readonly clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: ExtendableEvent) => void): void;
  addEventListener(type: 'message', listener: (event: KeepEvent) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchEvent) => void): void;
}

const scope = globalThis as unknown as WorkerScope;
const { version, files, folders } = '__PRECACHE__' as unknown as Precache;
const shellName = `offramp-shell-${version}`;
const usedName = 'offramp-used';

scope.addEventListener('install', (event) => {
  event.waitUntil(caches.open(shellName).then((cache) => cache.addAll(files)).then(() => scope.skipWaiting()));
});

scope.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith('offramp-shell-') && name !== shellName) await caches.delete(name);
    const used = await caches.open(usedName);
    for (const { url } of await used.keys()) if (!isNamedByContents(url)) await used.delete(url);
    await scope.clients.claim();
  })());
});

scope.addEventListener('message', (event) => {
  const { keep = [] } = event.data;
  event.waitUntil(caches.open(usedName).then(async (cache) => {
    for (const url of keep) if (isNamedByContents(url) && (await cache.match(url)) === undefined) await cache.add(url);
  }).catch(() => undefined)); // a full disk keeps nothing
});

function isNamedByContents(url: string): boolean {
  const path = url.slice(scope.registration.scope.length);
  return url.startsWith(scope.registration.scope) && folders.some((folder) => path.startsWith(folder));
}

scope.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== scope.location.origin || !request.url.startsWith(scope.registration.scope)) return;
  event.respondWith(respond(request));
});

async function respond(request: Request): Promise<Response> {
  // The page itself comes fresh where there is a network: a new version shows at once.
  if (request.mode === 'navigate') {
    try {
      return await fetch(request);
    } catch {
      return (await caches.match('./', { ignoreVary: true })) ?? Response.error();
    }
  }
  const known = await caches.match(request, { ignoreVary: true });
  if (known !== undefined) return known;
  const response = await fetch(request);
  if (response.status === 200 && isNamedByContents(request.url)) {
    const copy = response.clone();
    void caches.open(usedName).then((cache) => cache.put(request, copy)).catch(() => undefined);
  }
  return response;
}
