// Base64 that comes in pieces, as text of a `data:` URL or bare, with either alphabet and with white space in it.

/** The longest prefix of a `data:` URL that is dropped. */
const MAX_PREFIX = 206;
const PREFIX = /^data:[^,]{0,200},/;
const ALPHABET = /^[A-Za-z0-9+/_-]*={0,2}$/;

export class Base64Decoder {
  /** What has not been looked at for a prefix yet; nothing once that is done. */
  #head: string | undefined = '';
  /** The rest of a group of four characters. */
  #rest = '';
  #padding = 0;
  #isEmpty = true;

  /** Decodes as much as is complete; nothing when the text is no base64. */
  push(piece: string): Buffer | undefined {
    if (this.#head === undefined) return this.#decode(piece, false);
    this.#head += piece;
    return this.#head.length < MAX_PREFIX ? Buffer.alloc(0) : this.#decode(this.#takeHead(), false);
  }

  /** Decodes what is left; nothing when that, or all of it, is no base64. */
  end(): Buffer | undefined {
    const content = this.#decode(this.#takeHead(), true);
    return this.#isEmpty ? undefined : content;
  }

  #takeHead(): string {
    const head = (this.#head ?? '').replace(PREFIX, '');
    this.#head = undefined;
    return head;
  }

  #decode(piece: string, isLast: boolean): Buffer | undefined {
    const text = piece.replace(/\s+/g, '');
    if (!ALPHABET.test(text) || (this.#padding > 0 && !/^=*$/.test(text))) return undefined;
    this.#padding += text.endsWith('==') ? 2 : Number(text.endsWith('='));
    if (this.#padding > 2) return undefined;
    this.#isEmpty &&= text === '' || this.#rest + text === '='.repeat(this.#padding);
    const all = this.#rest + text;
    const length = isLast ? all.length : all.length - (all.length % 4);
    this.#rest = all.slice(length);
    return Buffer.from(all.slice(0, length), 'base64');
  }
}
