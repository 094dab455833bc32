// ./run web: serves the built page at a loopback address until it is stopped.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { servePage } from './static_server.js';

const help = `usage: ./run web [--port N] [--no-isolation]

Builds the page if need be and serves it at an address of this machine only, until Ctrl-C.

  --port N          the port; any free one unless told
  --no-isolation    without the headers of cross-origin isolation, as most static hosts serve: the page then runs on one thread
`;

async function main(): Promise<number> {
  let values: { port?: string | undefined; isolation?: boolean | undefined; help?: boolean | undefined };
  try {
    ({ values } = parseArgs({
      options: { port: { type: 'string' }, isolation: { type: 'boolean', default: true }, help: { type: 'boolean', short: 'h' } }, allowNegative: true,
    }));
  } catch (thrown) {
    process.stderr.write(`offramp: ${thrown instanceof Error ? thrown.message : String(thrown)}\n${help}`);
    return 2;
  }
  if (values.help === true) {
    process.stdout.write(help);
    return 0;
  }
  const port = values.port === undefined ? 0 : Number(values.port);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    process.stderr.write(`offramp: --port ${values.port}: a whole number from 0 to 65535 is needed\n`);
    return 2;
  }
  try {
    const server = await servePage({ root: fileURLToPath(new URL('../../../../web/dist', import.meta.url)), port, isolated: values.isolation });
    process.stdout.write(`${server.url}\n`);
    process.stderr.write('offramp: the page is served at this address until Ctrl-C\n');
    await new Promise<void>((stop) => ['SIGINT', 'SIGTERM'].forEach((signal) => process.once(signal, () => stop())));
    await server.close();
    return 0;
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException;
    process.stderr.write(`offramp: ${code === 'EADDRINUSE' ? `port ${port} is in use; choose another with --port` : message}\n`);
    return 1;
  }
}

process.exitCode = await main();
