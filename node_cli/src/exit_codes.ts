// Exit codes of the command by kind of error (DESIGN section 9).
import type { ErrorCode } from '@offramp/engine';

export const exitCodes: Record<ErrorCode, number> = {
  invalid_argument: 2,
  invalid_model: 3,
  unsupported: 3,
  invalid_data: 3,
  invalid_package: 3,
  limit_exceeded: 3,
  infeasible: 4,
  remote: 5,
  cancelled: 130,
  internal: 1,
};
