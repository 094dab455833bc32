/// <reference types="vite/client" />
/// <reference types="svelte" />

/** Where the builds of the WebAssembly module are, relative to the page. */
declare const __ENGINE_FOLDER__: string;
