// A package's later stages as a function from Request to Response, for hosts whose servers take one; stage 0 runs on the device.
import { unzipPackage } from '@offramp/engine';
import { fetchHandler, localService } from '@offramp/engine/serving';

export function fogHandler(engine, packageBytes) {
  const service = localService(engine, unzipPackage(packageBytes), { from: 1 });
  return fetchHandler(service, { mostBodyBytes: 2 ** 24, onError: (thrown) => console.error(thrown) });
}
