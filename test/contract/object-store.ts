import { describe } from "vitest";
import { copiesContract } from "./object-store/copies.ts";
import { type StoreSubject, useObjectStore } from "./object-store/fixture.ts";
import { listingContract } from "./object-store/listing.ts";
import { objectsContract } from "./object-store/objects.ts";
import { racesContract } from "./object-store/races.ts";
import { removalContract } from "./object-store/removal.ts";
import { uploadsContract } from "./object-store/uploads.ts";
import { noVersionsContract, versionsContract } from "./object-store/versions.ts";

export type { StoreSubject } from "./object-store/fixture.ts";

/**
 * What `ports/object-store.ts` asks of every adapter. Each test gets an empty store of its own.
 * A new adapter passes it as it is; what an adapter cannot do is a question to the port, not to the test.
 */
export function objectStoreContract(name: string, makeStore: () => Promise<StoreSubject>): void {
  describe(`the object store contract on ${name}`, () => {
    const fixture = useObjectStore(makeStore);
    objectsContract(fixture);
    listingContract(fixture);
    removalContract(fixture);
    uploadsContract(fixture);
    copiesContract(fixture);
    noVersionsContract(fixture);
    racesContract(fixture);
  });
}

/** What is asked of an adapter whose store keeps versions. Each test gets an empty store that does. */
export function versionedStoreContract(name: string, makeStore: () => Promise<StoreSubject>): void {
  describe(`the contract of versions on ${name}`, () => {
    versionsContract(useObjectStore(makeStore));
  });
}
