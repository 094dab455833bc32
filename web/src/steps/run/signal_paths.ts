// A signal's channels as SVG paths.
import type { SignalForm } from './sample_form.js';

const mostChannels = 8;
const mostPoints = 600;

/** All channels share one scale, so that their sizes can be compared. */
export function signalPaths(form: SignalForm, values: ArrayLike<number>, width: number, height: number): string[] {
  const { channels, length, channelsLast } = form;
  const value = (channel: number, at: number): number => values[channelsLast ? at * channels + channel : channel * length + at] ?? 0;
  const shown = Math.min(channels, mostChannels);
  let low = Infinity;
  let high = -Infinity;
  for (let channel = 0; channel < shown; channel += 1) {
    for (let at = 0; at < length; at += 1) {
      low = Math.min(low, value(channel, at));
      high = Math.max(high, value(channel, at));
    }
  }
  const range = high > low ? high - low : 1;
  const step = Math.max(1, Math.ceil(length / mostPoints));
  const round = (number: number): number => Math.round(10 * number) / 10;
  return Array.from({ length: shown }, (_, channel) => {
    const points: string[] = [];
    for (let at = 0; at < length; at += step) points.push(`${round(width * at / Math.max(1, length - 1))} ${round(height - 2 - (height - 4) * (value(channel, at) - low) / range)}`);
    return `M${points.join('L')}`;
  });
}
