// The only globals that the pure floors take from their platform. Seen by src/core/tsconfig.json alone.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
}
declare class TextDecoder {
  constructor(label: string, options: { fatal: boolean; ignoreBOM?: true });
  decode(bytes: Uint8Array): string;
}
/** https://url.spec.whatwg.org, of which browsers and Node have one and the same. */
declare class URL {
  static canParse(text: string): boolean;
  constructor(text: string);
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
}
