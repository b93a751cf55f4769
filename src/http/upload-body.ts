// The body of an upload, `{ fileName, base64Data }`, read and decoded while it comes: it is as large as a file, and
// only a few pieces of it are held.
import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { parserStream } from 'stream-json';
import type { Token } from 'stream-json/parser.js';
import { AppError, bodyTooLarge, invalidInput } from '../errors.ts';
import { Base64Decoder } from '../kit/base64-decoder.ts';
import { normalize } from '../kit/normalize.ts';
import { findUnstorable } from '../kit/storable.ts';
import { clip } from '../kit/text.ts';
import { findProblems } from '../kit/validate.ts';
import { MAX_FILE_BYTES, MAX_UPLOAD_BODY_BYTES, UploadBody } from '../protocol/rest/joining.ts';
import { asBodyError, asText, charsetOf, decompression, limited, runSteps, type Size } from './body-encoding.ts';

/** More than any name may have, so that what is wrong with one can be said. */
const MAX_KEPT_TEXT = 1_024;
const MAX_DEPTH = 32;
/** Content is decoded and written in pieces of about this many characters. */
const PIECE_CHARS = 64 * 1024;

const SIZE: Size = { bytes: MAX_UPLOAD_BODY_BYTES, tooLarge: uploadTooLarge };

/** Writes a piece of the file. */
export type Write = (content: Buffer) => Promise<void>;

/** The body is no JSON; the message says where. */
export class MalformedBody extends Error {}

/** The body of a request, and what its headers say of it. */
export interface SentBody {
  content: Readable;
  contentType: string | undefined;
  headers: IncomingHttpHeaders;
}

/** Hands the content to `write` as it comes, and returns the name of the file once all of it has been written. */
export async function readUpload({ content, contentType, headers }: SentBody, write: Write): Promise<string> {
  const upload = new UploadReader(write);
  try {
    const parser = parserStream({ packValues: false, packKeys: false, streamValues: true, streamKeys: true });
    const take = async (tokens: AsyncIterable<Token>) => {
      for await (const token of tokens) {
        const writing = upload.take(token);
        if (writing) await writing;
      }
    };
    const text = [limited(SIZE), ...decompression(headers, SIZE), asText(charsetOf(contentType))];
    await runSteps([content, ...text, parser, take]);
  } catch (error) {
    throw isOfParser(error) ? new MalformedBody(error.message) : asBodyError(error);
  }
  return upload.end();
}

/** The body is larger than that of the largest file. */
export function uploadTooLarge(): AppError {
  return bodyTooLarge(`A file may have ${MAX_FILE_BYTES} bytes, and its request ${MAX_UPLOAD_BODY_BYTES}.`);
}

function isOfParser(error: unknown): error is Error {
  return error instanceof Error && !(error instanceof AppError) && error.message.startsWith('Parser ');
}

/** Where the text that comes next belongs. */
type Into = 'key' | 'name' | 'content' | 'nothing';

class UploadReader {
  readonly #write: Write;
  readonly #decoder = new Base64Decoder();
  #into: Into = 'nothing';
  #depth = 0;
  #isObject = false;
  #key = '';
  #fileName: unknown;
  /** A stand-in for what has been written, or what came in its place. */
  #base64Data: unknown;
  #piece = '';
  #bytes = 0;

  constructor(write: Write) {
    this.#write = write;
  }

  /** A promise where something has to be written first. */
  take(token: Token): Promise<void> | undefined {
    switch (token.name) {
      case 'stringChunk':
      case 'numberChunk':
        return this.#addText(token.value);
      case 'startKey':
        this.#key = '';
        this.#into = this.#depth === 1 ? 'key' : 'nothing';
        return undefined;
      case 'startString':
        this.#into = this.#startText();
        return undefined;
      case 'endKey':
      case 'endString':
      case 'endNumber':
        this.#into = 'nothing';
        return undefined;
      case 'startObject':
      case 'startArray':
        this.#other(token.name === 'startObject' ? {} : []);
        this.#isObject ||= this.#depth === 0 && token.name === 'startObject';
        if (++this.#depth > MAX_DEPTH)
          throw wrong('body', 'deeper nesting', `must be nested at most ${MAX_DEPTH} deep`);
        return undefined;
      case 'endObject':
      case 'endArray':
        this.#depth--;
        return undefined;
      case 'startNumber':
        this.#startNumber();
        return undefined;
      case 'trueValue':
      case 'falseValue':
        this.#other(token.value);
        return undefined;
      default:
        return undefined;
    }
  }

  async end(): Promise<string> {
    if (!this.#isObject) throw wrong('body', 'another value', 'must be an object');
    const given = { fileName: this.#fileName, base64Data: this.#base64Data };
    const sent = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const fields = normalize(UploadBody, sent) as Record<string, unknown>;
    const unstorable = findUnstorable(fields);
    const problems = unstorable.length > 0 ? unstorable : findProblems(UploadBody, fields);
    if (problems.length > 0) throw invalidInput(problems);
    await this.#flush();
    await this.#store(this.#decoder.end());
    return String(fields.fileName);
  }

  #startText(): Into {
    if (this.#depth !== 1) return 'nothing';
    if (this.#key === 'fileName') {
      this.#fileName = '';
      return 'name';
    }
    if (this.#key !== 'base64Data') return 'nothing';
    if (this.#base64Data !== undefined) throw wrong('base64Data', 'a second one', 'must be there once');
    this.#base64Data = '';
    return 'content';
  }

  /** A name that is a number is its digits; elsewhere a number is in the way. */
  #startNumber(): void {
    if (this.#depth === 1 && this.#key === 'fileName') this.#into = this.#startText();
    else this.#other(0);
  }

  #addText(text: string): Promise<void> | undefined {
    if (this.#into === 'key') this.#key = clip(`${this.#key}${text}`, MAX_KEPT_TEXT);
    if (this.#into === 'name') this.#fileName = clip(`${this.#fileName}${text}`, MAX_KEPT_TEXT);
    if (this.#into !== 'content') return undefined;
    this.#base64Data = 'some';
    this.#piece += text;
    return this.#piece.length < PIECE_CHARS ? undefined : this.#flush();
  }

  /** A value that is no text. */
  #other(value: unknown): void {
    if (this.#depth !== 1) return;
    if (this.#key === 'fileName') this.#fileName = value;
    if (this.#key === 'base64Data') this.#base64Data = value;
  }

  async #flush(): Promise<void> {
    const piece = this.#piece;
    this.#piece = '';
    await this.#store(this.#decoder.push(piece));
  }

  async #store(content: Buffer | undefined): Promise<void> {
    if (!content) throw wrong('base64Data', 'other text', 'must be base64');
    this.#bytes += content.length;
    if (this.#bytes > MAX_FILE_BYTES) {
      throw wrong('base64Data', `more than ${MAX_FILE_BYTES} bytes`, `must be at most ${MAX_FILE_BYTES} bytes`);
    }
    await this.#write(content);
  }
}

function wrong(field: string, got: string, allowed: string): AppError {
  return invalidInput([{ field, got, allowed }]);
}
