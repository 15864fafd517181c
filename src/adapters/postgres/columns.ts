import { type RawBuilder, sql } from "kysely";

/** One column of many rows, as an array: one parameter however many there are. */
export function texts(values: readonly (string | null)[]): RawBuilder<unknown> {
  return sql`${sql.val(values)}::text[]`;
}

export function numbers(values: readonly (number | null)[]): RawBuilder<unknown> {
  return sql`${sql.val(values)}::bigint[]`;
}
