// A search's work in IndexedDB, so that it goes on after a reload: what it was begun with, and the engine's progress records.
import { OfframpError, type Dataset, type Json, type ProgressStore } from '@offramp/engine';
import type { SearchSettings } from '../calls/search.js';

/** Everything that a search needs to be begun again. */
export interface KeptSession {
  version: 1;
  model: { name: string; bytes: Uint8Array };
  /** The page's name for it, and the example that it is. */
  shown: { name: string; example?: string | undefined };
  sets: Partial<Record<'data' | 'select' | 'test', Dataset>>;
  preprocess: Json[];
  settings: SearchSettings;
}

const databaseName = 'offramp';
const stores = ['session', 'progress'] as const;
type StoreName = (typeof stores)[number];

/** Errors: those of the browser, where IndexedDB is forbidden or full; the search goes on without. */
export class KeptWork {
  private constructor(private readonly database: IDBDatabase) {}

  static open(): Promise<KeptWork> {
    return new Promise((done, fail) => {
      const request = indexedDB.open(databaseName, 1);
      request.onupgradeneeded = () => stores.forEach((name) => request.result.createObjectStore(name));
      request.onsuccess = () => {
        const database = request.result;
        database.onversionchange = () => database.close(); // another tab has a newer page
        done(new KeptWork(database));
      };
      request.onerror = () => fail(reasonOf(request.error));
      request.onblocked = () => fail(reasonOf(null));
    });
  }

  session(): Promise<KeptSession | undefined> {
    return this.in('session', 'readonly', (store) => store.get('session') as IDBRequest<KeptSession | undefined>);
  }

  /** Anew: progress of another search goes. */
  async begin(session: KeptSession): Promise<void> {
    await this.clear();
    await this.in('session', 'readwrite', (store) => store.put(session, 'session'));
  }

  async clear(): Promise<void> {
    await this.in('session', 'readwrite', (store) => store.clear());
    await this.in('progress', 'readwrite', (store) => store.clear());
  }

  readonly progress: ProgressStore = {
    read: (name) => this.in('progress', 'readonly', (store) => store.get(name) as IDBRequest<Uint8Array | undefined>),
    write: async (name, bytes) => { await this.in('progress', 'readwrite', (store) => store.put(bytes, name)); },
    clear: async () => { await this.in('progress', 'readwrite', (store) => store.clear()); },
  };

  close(): void {
    this.database.close();
  }

  /** Answers once the transaction is complete: whole or not at all. */
  private in<T>(name: StoreName, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    return new Promise((done, fail) => {
      const transaction = this.database.transaction(name, mode);
      const request = work(transaction.objectStore(name));
      transaction.oncomplete = () => done(request.result);
      transaction.onabort = transaction.onerror = () => fail(reasonOf(transaction.error ?? request.error));
    });
  }
}

function reasonOf(error: DOMException | null): OfframpError {
  if (error?.name === 'QuotaExceededError') return new OfframpError('limit_exceeded', 'the browser\'s storage for this page is full');
  return new OfframpError('internal', `the browser's storage cannot be used (${error?.message ?? 'another tab holds it'})`);
}
