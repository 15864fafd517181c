import { ExpungeError } from "./errors.ts";

/** What a caller may do; `admin` may do everything, to the projects of all owners. */
export const RIGHTS = ["projects:read", "projects:write", "projects:delete", "admin"] as const;
/** One of `RIGHTS`. */
export type Right = (typeof RIGHTS)[number];

/** The subject of the admin token: nobody else is let in under it. */
export const ADMIN_SUBJECT = "admin";

/** Who asks. `admin` includes every right and sees every owner's projects. */
export interface Caller {
  /** Owner of what it makes, and the name in `requestedBy`. */
  readonly subject: string;
  readonly rights: ReadonlySet<Right>;
  /** The id of the token that it came with, for the log; absent where there is none. */
  readonly credential?: string;
}

/** Whoever has the admin token, or the process itself. */
export const ADMIN: Caller = { subject: ADMIN_SUBJECT, rights: new Set(["admin"]) };

export function isAdmin(caller: Caller): boolean {
  return caller.rights.has("admin");
}

/** @throws ExpungeError `forbidden` */
export function requireRight(caller: Caller, right: Right): void {
  if (isAdmin(caller) || caller.rights.has(right)) return;
  throw new ExpungeError("forbidden", `This call needs the right '${right}'.`);
}

/** Whether the caller may know that something of this owner exists (I10). */
export function maySee(caller: Caller, owner: string): boolean {
  return isAdmin(caller) || caller.subject === owner;
}
