import { DELETION_EVENTS, DELETION_STATES, transition } from "../../src/core/deletion.ts";
import { faultsOf } from "./faults.ts";
import { ATTEMPTS } from "./strangers.ts";

/** Calls of the store that no part of a run makes: what of them goes wrong is not simulated. */
export const STORE_CALLS_UNUSED: ReadonlySet<string> = new Set([
  // Only the move to another layout, and audits, copy.
  "copyPart",
  // Nobody decides by it: a listing is the evidence (R6).
  "head",
  // Answered without the store, which signs nothing here.
  "presignPart",
  "presignGet",
]);

export const STORE_CALLS = [
  "capabilities",
  "list",
  "put",
  "get",
  "remove",
  "listVersions",
  "removeVersions",
  "createUpload",
  "uploadPart",
  "listParts",
  "completeUpload",
  "abortUpload",
  "listUploads",
] as const;

/** Calls of the database that no part of a run makes, or too rarely to be struck in each way. */
export const DATABASE_CALLS_UNUSED: ReadonlySet<string> = new Set([
  // The start of a process, and of the embedded database.
  "boundStore",
  "bindStore",
  "close",
  "keepPublicKey",
  "releaseAllClaims",
  // Routes of rows alone, without a part in any deletion.
  "createProject",
  "createSignInCode",
  "createToken",
  "endSession",
  "findSession",
  "findToken",
  "listTokens",
  "recordTokenUse",
  "redeemSignInCode",
  "revokeToken",
  "findIdempotent",
  "backlog",
  "createSweep",
  "findSweep",
  "claimSweep",
  "extendSweep",
  "postponeSweep",
  "finishSweep",
  "findDeletionOf",
  "findReceipt",
  "listFiles",
  "listProjects",
  "listPublicKeys",
  "listResidue",
  "moveFile",
  "updateProject",
  // An operator's, at the end of a siege, when faults are over.
  "retryDeletion",
  // An upload that came back with a deleted project, and was completed while it was ended.
  "retractReturned",
  // Audits, which have no part in any deletion.
  "claimAudit",
  "createAudit",
  "extendAudit",
  "findAudit",
  "listAudits",
  "findStoredFiles",
  "forgetAudits",
  "keepUnnamed",
  "listFindings",
  "recordAudit",
  "releaseAudit",
  "listStoredFiles",
  "splitStoredKeys",
  "whichNamed",
  "whichUploadsStand",
  // Adoptions, which make rows as uploads do.
  "createRun",
  "findRun",
  "claimRun",
  "extendRun",
  "releaseRun",
  "endRun",
  "listNotes",
  "forgetRuns",
  "recordAdoption",
  "listAdoptedProjects",
  // Relayouts, which have schedules of their own (relayouts.test.ts).
  "listRelayouts",
  "listLegacyFiles",
  "recordRelayout",
  "commitFileMove",
  "listHeld",
  "countHeld",
  "releaseHeld",
  "undoFileMove",
  // Routes of rows alone.
  "listAmendments",
  "listSettles",
  // Of the HTTP face alone.
  "appendAudit",
  "listAudit",
  // Nobody is told of what happens in a run.
  "registerWebhooks",
  "listWebhooks",
  "dueWebhooks",
  "claimDeliveries",
  "finishDelivery",
  "postponeDelivery",
  "disableWebhook",
  "retryDeliveries",
  "forgetDeliveries",
]);

export const DATABASE_CALLS = [
  "now",
  "findProject",
  "findProjectByUid",
  "placeHold",
  "releaseHold",
  "findFile",
  "removeFile",
  "dueRemovals",
  "findRemovals",
  "finishRemovals",
  "postponeRemoval",
  "openUpload",
  "findUpload",
  "findCommitted",
  "beginCompleting",
  "commitUpload",
  "commitEmptyFile",
  "discardUpload",
  "settleUpload",
  "staleUploads",
  "forgetCommitted",
  "requestDeletion",
  "restoreProject",
  "findDeletion",
  "listDeletions",
  "dueDeletions",
  "dueSweeps",
  "claimDeletion",
  "extendClaim",
  "releaseClaim",
  "advance",
  "recordTombstone",
  "unsettledUploads",
  "settleForFence",
  "recordFence",
  "trackedKeys",
  "whichTracked",
  "recordPage",
  "retractEntry",
  "recordAbsent",
  "recordProgress",
  "replaceResidue",
  "setBlocked",
  "recordEvidence",
  "eraseRows",
  "completeDeletion",
  "expiredProjects",
  "expireProject",
  "whichClosed",
  "newestTombstone",
  "buryAgain",
  "dueSettles",
  "dueAudits",
  "dueRuns",
  "claimSettle",
  "recordReturned",
  "finishSettle",
  "uncopiedAmendments",
  "markAmendmentCopied",
  "uncopiedReceipts",
  "markReceiptCopied",
  "recordCdnTargets",
  "pendingCdnTargets",
  "acceptCdnTargets",
  "dropCdnTargets",
  // The queue is of the same database.
  "enqueue",
] as const;

const STRIKES = [
  "kill",
  "pause",
  "clock jump",
  "late job",
  "job delivered twice",
  "siege throttled",
  "siege denied",
  "besieged denied",
  "besieged throttled",
  "besieged locked",
  "besieged circle",
  "versioning turned on",
  "retry by hand",
  "database restored",
  "buried again",
  "start failed",
  "came back",
];
const ACTS = ["hold placed", "hold released", "file read", "too many objects", "plan", "expired"];
const SETTLES = ["settle clean", "settle amended", "settle unknown", "amended", "settled clean"];

/** Everything that a run of the tests must have played at least once. */
export function mustHit(): readonly string[] {
  const calls = [
    ...STORE_CALLS.map((call) => `store.${call}`),
    ...DATABASE_CALLS.map((call) => `db.${call}`),
    "cdn.purge",
  ];
  const pairs = calls.flatMap((call) => faultsOf(call).map((fault) => `${call} ${fault}`));
  const transitions = DELETION_STATES.flatMap((state) =>
    DELETION_EVENTS.filter((event) => transition(state, event) !== null).map(
      (event) => `deletion ${state} ${event}`,
    ),
  );
  const strangers = Object.keys(ATTEMPTS).map((name) => `stranger ${name}`);
  return [...pairs, ...transitions, ...STRIKES, ...ACTS, ...SETTLES, ...strangers];
}

export function neverHit(hits: ReadonlyMap<string, number>): readonly string[] {
  return mustHit().filter((what) => !hits.has(what));
}
