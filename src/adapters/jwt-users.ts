import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type JWTPayload,
  type JWTVerifyGetKey,
  jwtVerify,
} from "jose";
import { ADMIN_SUBJECT, type Caller, RIGHTS } from "../core/caller.ts";
import { ExpungeError } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import type { UserTokens } from "../ports/user-tokens.ts";

export interface JwtUsersOptions {
  readonly jwksUrl: string;
  readonly issuer: string;
  readonly audience: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Asymmetric ones only: with a shared secret whoever can check a token can make one. */
const ALGORITHMS = [
  "RS256",
  "RS384",
  "RS512",
  "PS256",
  "PS384",
  "PS512",
  "ES256",
  "ES384",
  "ES512",
  "EdDSA",
  "Ed25519",
];

/** What says that the token has no key here, and not that the keys cannot be had. */
const NO_KEY: readonly (new (...args: never[]) => Error)[] = [
  errors.JWKSNoMatchingKey,
  errors.JWKSMultipleMatchingKeys,
  errors.JOSENotSupported,
];

/** Users' JSON web tokens (RFC 7519), checked by the keys that their issuer publishes (RFC 7517). */
export function jwtUsers(options: JwtUsersOptions): UserTokens {
  const keys = issuerKeys(options);
  const { issuer, audience, log } = options;
  return {
    authenticate: async (token) => {
      try {
        const { payload } = await jwtVerify(token, keys, {
          issuer,
          audience,
          algorithms: ALGORITHMS,
          requiredClaims: ["exp", "sub"],
          clockTolerance: LIMITS.jwtClockToleranceSeconds,
        });
        return callerOf(payload);
      } catch (error) {
        if (error instanceof errors.JWTExpired) {
          throw new ExpungeError("token-expired", "The token has expired.");
        }
        if (!(error instanceof errors.JOSEError)) throw error;
        // Its message may quote claims.
        log.debug({ reason: error.code, claim: claimOf(error) }, "a user's token was not taken");
        return null;
      }
    },
  };
}

/**
 * The issuer's keys. An unknown key id has them fetched anew, though not more often than the cooldown;
 * after a failure nothing is fetched for a while, so that a broken issuer is not asked at every request.
 */
function issuerKeys({ jwksUrl, clock }: JwtUsersOptions): JWTVerifyGetKey {
  let pausedUntilMs = 0;
  const remote = createRemoteJWKSet(new URL(jwksUrl), {
    timeoutDuration: LIMITS.jwksTimeoutMs,
    cooldownDuration: LIMITS.jwksCooldownMs,
    cacheMaxAge: LIMITS.jwksKeptMs,
    [customFetch]: async (url, init) => {
      if (clock.now() < pausedUntilMs) throw new KeysPaused("the keys could not be had before");
      return await fetch(url, init);
    },
  });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (NO_KEY.some((kind) => error instanceof kind)) throw error;
      if (!(error instanceof KeysPaused)) pausedUntilMs = clock.now() + LIMITS.jwksPauseMs;
      throw new ExpungeError(
        "keys-unavailable",
        "The keys that check users' tokens cannot be had from their issuer.",
        { cause: error },
      );
    }
  };
}

class KeysPaused extends Error {
  override readonly name = "KeysPaused" as const;
}

/** Null where the subject is no text that could own a project. */
function callerOf({ sub, scope }: JWTPayload): Caller | null {
  if (typeof sub !== "string" || sub.length > LIMITS.nameCharsMax) return null;
  if (sub === "" || /\p{Cc}/u.test(sub)) return null;
  const scopes = new Set(typeof scope === "string" ? scope.split(" ") : []);
  const rights = new Set(RIGHTS.filter((right) => scopes.has(right)));
  if (sub === ADMIN_SUBJECT && !rights.has("admin")) {
    throw new ExpungeError("forbidden", `The subject '${sub}' needs the right 'admin'.`);
  }
  return { subject: sub, rights };
}

function claimOf(error: Error): string | null {
  return error instanceof errors.JWTClaimValidationFailed ? error.claim : null;
}
