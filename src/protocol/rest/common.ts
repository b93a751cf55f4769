// What several REST resources share: flags, links, paging, errors. Source of each: the v2 API reference.
import { type Static, type TProperties, type TSchema, Type } from 'typebox';

/** One of several words; messages and the API document list them. */
export const oneOf = <T extends string>(values: readonly T[], options: { description?: string; default?: T } = {}) =>
  Type.Unsafe<T>({ type: 'string', enum: [...values], ...options });

/** Text of one to `maxLength` characters. */
export const Text = (maxLength: number, description: string) => Type.String({ minLength: 1, maxLength, description });

/** What something is called, for people to read: one that is too long is cut, half an emoji in it replaced. */
export const Name = (maxLength: number, description: string) =>
  Type.String({ minLength: 1, maxLength, description, 'x-text': 'name' });

/** Documented samples send flags as booleans and as the words `"true"` and `"false"`. */
export const Flag = (description = 'Whether it is wanted.') =>
  Type.Union([Type.Boolean(), Type.Literal('true'), Type.Literal('false')], {
    description,
    'x-allowed': 'must be true or false',
  });
export type Flag = boolean | 'true' | 'false';

/** True for `true` and `"true"`. */
export function isOn(flag: Flag | undefined): boolean {
  return flag === true || flag === 'true';
}

/** An object; like any in JSON Schema it tolerates members we do not know, and clients send such. */
export const Open = <P extends TProperties>(properties: P, description?: string, options: SchemaOptions = {}) =>
  Type.Object(properties, description === undefined ? options : { description, ...options });

type SchemaOptions = {
  /** Of what is valid and taken, and does nothing here yet: the reason that callers who ask for it are warned with. */
  'x-not-served'?: string;
};

export const Nullable = <S extends TSchema>(schema: S) => Type.Union([schema, Type.Null()]);

/** `2022-03-25T04:49:11.024Z` */
export const Timestamp = (description: string) =>
  Type.String({ description, format: 'date-time', examples: ['2022-03-25T04:49:11.024Z'] });

export const Links = Type.Record(Type.String(), Type.String(), { description: 'URLs of related resources.' });

const DEFAULT_PER_PAGE = 20;
/** The reference names no ceiling; a larger wish is answered with pages of this size, as `pageInfo` then says. */
const MAX_PER_PAGE = 200;
/** Keeps what is multiplied with it, the offset, an exact number. */
const MAX_PAGE = 1_000_000;

export const PageQuery = {
  page: Type.Optional(
    Type.Integer({ minimum: 1, maximum: MAX_PAGE, default: 1, description: 'Page to return, the first is 1.' }),
  ),
  perPage: Type.Optional(
    Type.Integer({
      minimum: 1,
      default: DEFAULT_PER_PAGE,
      description: `Items on a page; more than ${MAX_PER_PAGE} are read as ${MAX_PER_PAGE}.`,
    }),
  ),
};

/** The part of a list that is asked for. */
export interface Paging {
  page: number;
  perPage: number;
}

export function pagingOf(query: { page?: number; perPage?: number }): Paging {
  return { page: query.page ?? 1, perPage: Math.min(query.perPage ?? DEFAULT_PER_PAGE, MAX_PER_PAGE) };
}

export const PageInfo = Type.Object({
  currentPage: Type.Integer({ description: 'The page returned.' }),
  perPage: Type.Integer({ description: 'Items on a full page.' }),
  lastPage: Type.Integer({ description: 'Number of the last page, 1 for an empty list.' }),
  total: Type.Integer({ description: 'Items on all pages.' }),
});

/** The SDK goes on while `currentPage < lastPage`, so all four must be numbers. */
export function pageInfo(paging: Paging, total: number): Static<typeof PageInfo> {
  const lastPage = Math.max(1, Math.ceil(total / paging.perPage));
  return { currentPage: paging.page, perPage: paging.perPage, lastPage, total };
}

export const Page = <S extends TSchema>(item: S) => Type.Object({ pageInfo: PageInfo, data: Type.Array(item) });

/** A room or session as callers name it. Not checked against the generated form: documented samples break it. */
export const AnyId = Text(256, 'An id as this API gave it, or the one the caller chose.');

export const ParticipantId = Type.String({
  minLength: 1,
  maxLength: 128,
  pattern: '^[^\\s\\u0000-\\u001f\\u007f]+$',
  description: 'Id of a participant.',
  'x-allowed': 'must be 1 to 128 characters without whitespace',
});

const Warning = Type.Object({
  field: Type.String({ description: 'The field of the body.', examples: ['autoStartConfig.recordin'] }),
  message: Type.String({ description: 'Why it does nothing.', examples: ['unknown; did you mean recording?'] }),
});

/** Of answers to what was accepted although some of it does nothing. */
export const warningsField = {
  warnings: Type.Optional(Type.Array(Warning, { description: 'Fields that do nothing; absent when there are none.' })),
};
