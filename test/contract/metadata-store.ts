import { describe, expect, test } from "vitest";
import { adoptionsContract } from "./metadata/adoptions.ts";
import { auditsContract } from "./metadata/audits.ts";
import { backlogContract } from "./metadata/backlog.ts";
import { auditLogContract } from "./metadata/audit-log.ts";
import { cdnTargetsContract } from "./metadata/cdn-targets.ts";
import { claimsContract } from "./metadata/claims.ts";
import { commitsContract } from "./metadata/commits.ts";
import { concurrencyContract } from "./metadata/concurrency.ts";
import { completionContract } from "./metadata/completion.ts";
import { deletionCapContract } from "./metadata/deletion-cap.ts";
import { deletionsContract } from "./metadata/deletions.ts";
import { expiryContract } from "./metadata/expiry.ts";
import { filesContract } from "./metadata/files.ts";
import { type Fixture, PAST_SHORT_MS, type Subject, useStore } from "./metadata/fixture.ts";
import { idempotencyContract } from "./metadata/idempotency.ts";
import { projectsContract } from "./metadata/projects.ts";
import { purgeContract } from "./metadata/purge.ts";
import { receiptsContract } from "./metadata/receipts.ts";
import { refusalsContract } from "./metadata/refusals.ts";
import { removalLogContract } from "./metadata/removal-log.ts";
import { relayoutsContract } from "./metadata/relayouts.ts";
import { runsContract } from "./metadata/runs.ts";
import { sessionsContract } from "./metadata/sessions.ts";
import { settlesContract } from "./metadata/settles.ts";
import { storedFilesContract } from "./metadata/stored-files.ts";
import { tokensContract } from "./metadata/tokens.ts";
import { sweepsContract } from "./metadata/sweeps.ts";
import { tombstonesContract } from "./metadata/tombstones.ts";
import { trackedContract } from "./metadata/tracked.ts";
import { uploadsContract } from "./metadata/uploads.ts";
import { webhooksContract } from "./metadata/webhooks.ts";

export type { Subject };

/**
 * The obligations of the metadata port (ports/metadata). Every implementation runs this suite.
 * @param make a fresh, empty store, for every test
 */
export function metadataStoreContract(name: string, make: () => Promise<Subject>): void {
  describe(`metadata store: ${name}`, () => {
    const fixture = useStore(make);
    describe("the database's clock", () => clock(fixture));
    projectsContract(fixture);
    filesContract(fixture);
    uploadsContract(fixture);
    commitsContract(fixture);
    concurrencyContract(fixture);
    deletionsContract(fixture);
    deletionCapContract(fixture);
    claimsContract(fixture);
    purgeContract(fixture);
    trackedContract(fixture);
    storedFilesContract(fixture);
    auditsContract(fixture);
    runsContract(fixture);
    relayoutsContract(fixture);
    adoptionsContract(fixture);
    removalLogContract(fixture);
    completionContract(fixture);
    cdnTargetsContract(fixture);
    refusalsContract(fixture);
    receiptsContract(fixture);
    expiryContract(fixture);
    settlesContract(fixture);
    tombstonesContract(fixture);
    backlogContract(fixture);
    idempotencyContract(fixture);
    tokensContract(fixture);
    sweepsContract(fixture);
    sessionsContract(fixture);
    webhooksContract(fixture);
    auditLogContract(fixture);
  });
}

function clock(fixture: Fixture): void {
  test("the database's time goes on by as much as passes, in whole milliseconds", async () => {
    const before = await fixture.store.now();
    await fixture.advance(PAST_SHORT_MS);
    const after = await fixture.store.now();
    expect(Number.isInteger(before) && Number.isInteger(after)).toBe(true);
    expect(after - before).toBeGreaterThanOrEqual(PAST_SHORT_MS - 20);
    expect(after - before).toBeLessThan(PAST_SHORT_MS + 30_000);
  });
}
