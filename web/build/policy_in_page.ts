// Puts the content security policy into the page itself, for hosts that send no header.
import type { Plugin } from 'vite';
import { metaPolicy } from '../server/policy.ts';

export function policyInPage(): Plugin {
  return {
    name: 'offramp:policy-in-page',
    transformIndexHtml: () => [{ tag: 'meta', attrs: { 'http-equiv': 'Content-Security-Policy', content: metaPolicy }, injectTo: 'head-prepend' }],
  };
}
