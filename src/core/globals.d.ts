// The only platform globals that the pure floors use. Only src/core/tsconfig.json includes this file.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label: string, options: { fatal: boolean; ignoreBOM?: true });
  decode(bytes: Uint8Array): string;
}
/** https://url.spec.whatwg.org; browsers and Node agree on it. */
declare class URL {
  static canParse(text: string): boolean;
  constructor(text: string);
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
}
