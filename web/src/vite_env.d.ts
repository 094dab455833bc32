/// <reference types="vite/client" />
/// <reference types="svelte" />

/** Where the builds of the WebAssembly module are, relative to the page. */
declare const __ENGINE_FOLDER__: string;

/** Where the bundled examples' files are, relative to the page. */
declare const __EXAMPLES_FOLDER__: string;
