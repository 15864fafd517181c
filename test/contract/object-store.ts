import { describe } from "vitest";
import { type StoreSubject, useObjectStore } from "./object-store/fixture.ts";
import { listingContract } from "./object-store/listing.ts";
import { objectsContract } from "./object-store/objects.ts";
import { racesContract } from "./object-store/races.ts";
import { removalContract } from "./object-store/removal.ts";
import { uploadsContract } from "./object-store/uploads.ts";

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
    racesContract(fixture);
  });
}
