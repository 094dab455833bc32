// Reads protobuf's text format as far as a model configuration needs it.

export interface TextMessage {
  [field: string]: TextValue[];
}
export type TextValue = string | number | TextMessage | { literal: string };

/** Errors: for what is no text format. */
export function parseText(text: string): TextMessage {
  const tokens = text.match(/"(?:[^"\\\n]|\\.)*"|[A-Za-z_][A-Za-z0-9_]*|-?\d+(?:\.\d+)?|[{}[\]:,]|\S/g) ?? [];
  let at = 0;
  const take = (expected?: string): string => {
    const token = tokens[at];
    if (token === undefined || (expected !== undefined && token !== expected)) throw new Error(`${expected ?? 'more'} is needed at token ${at}, not ${token ?? 'the end'}`);
    at += 1;
    return token;
  };
  const readValue = (): TextValue => {
    if (tokens[at] === '{') return readBraces();
    const token = take();
    if (token.startsWith('"')) return unescaped(token.slice(1, -1));
    if (/^-?\d/.test(token)) return Number(token);
    if (!/^[A-Z_]+[A-Z0-9_]*$/.test(token)) throw new Error(`a value is needed, not ${token}`);
    return { literal: token };
  };
  const readBraces = (): TextMessage => {
    take('{');
    const inner = readMessage('}');
    take('}');
    return inner;
  };
  const readMessage = (end: string | undefined): TextMessage => {
    const message: TextMessage = {};
    while (tokens[at] !== end) {
      const name = take();
      if (!/^[a-z_]+$/.test(name)) throw new Error(`a field is needed, not ${name}`);
      const values = message[name] ??= [];
      if (tokens[at] === ':') take(':');
      else if (tokens[at] !== '{') throw new Error(`: is needed after ${name}`);
      if (tokens[at] !== '[') {
        values.push(readValue());
        continue;
      }
      take('[');
      while (tokens[at] !== ']') {
        values.push(readValue());
        if (tokens[at] !== ']') take(',');
      }
      take(']');
    }
    return message;
  };
  return readMessage(undefined);
}

function unescaped(text: string): string {
  const bytes: number[] = [];
  for (const [piece, octal] of text.matchAll(/\\([0-7]{3})|\\.|[^\\]/g)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8));
    else if (piece.startsWith('\\')) throw new Error(`the escape ${piece}`);
    else bytes.push(piece.charCodeAt(0));
  }
  return new TextDecoder().decode(Uint8Array.from(bytes));
}
