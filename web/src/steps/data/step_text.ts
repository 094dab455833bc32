// A step of preprocessing in words.
import type { Json } from '@offramp/engine';

const number = (value: unknown): string => (typeof value === 'number' ? String(Number(value.toPrecision(4))) : '?');
const list = (values: unknown): string => (Array.isArray(values) ? values.map(number).join(', ') : '?');

export function stepText(step: Json): string {
  const { op, by, mean, std, axes, shape } = step as Record<string, Json | undefined>;
  switch (op) {
    case 'scale': {
      const divisor = typeof by === 'number' && by !== 0 ? 1 / by : undefined;
      return divisor !== undefined && Math.abs(divisor - Math.round(divisor)) < 1e-3 && Math.round(divisor) > 1 ? `Divide by ${Math.round(divisor)}` : `Multiply by ${number(by)}`;
    }
    case 'normalize': return `Subtract ${list(mean)} and divide by ${list(std)}`;
    case 'standardize': return 'Bring each sample to mean 0 and deviation 1';
    case 'transpose': return `Reorder the axes to ${list(axes)}`;
    case 'reshape': return `Reshape to ${Array.isArray(shape) ? shape.slice(1).map(number).join(' × ') : '?'}`;
    default: return JSON.stringify(step);
  }
}
