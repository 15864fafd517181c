import type { Session } from "./session.ts";

export async function boundStore({ db }: Session): Promise<string | null> {
  const row = await db.selectFrom("expunge.store_binding").select("store_id").executeTakeFirst();
  return row?.store_id ?? null;
}

/** The first one stays, unless it is to be replaced. */
export async function bindStore(
  session: Session,
  storeId: string,
  replace: boolean,
): Promise<string> {
  await session.db
    .insertInto("expunge.store_binding")
    .values({ store_id: storeId })
    .onConflict((conflict) => {
      const onSingle = conflict.column("single");
      return replace ? onSingle.doUpdateSet({ store_id: storeId }) : onSingle.doNothing();
    })
    .execute();
  return (await boundStore(session)) ?? storeId;
}
