import {
  createBucket,
  deleteBucket,
  getBucketLifecycleConfiguration,
  getBucketLocation,
  getBucketVersioning,
  headBucket,
  listBuckets,
  putBucketVersioning,
} from "./buckets.ts";
import { WireError } from "./errors.ts";
import type { Handler } from "./exchange.ts";
import { listObjectsV2 } from "./listing.ts";
import { getObjectLegalHold, getObjectLockConfiguration, putObjectLegalHold } from "./locks.ts";
import {
  abortMultipartUpload,
  completeMultipartUpload,
  createMultipartUpload,
  listParts,
  uploadPart,
  uploadPartCopy,
} from "./multipart.ts";
import { getObject, headObject, putObject } from "./objects.ts";
import type { Operation } from "./operations.ts";
import { deleteObject, deleteObjects } from "./removal.ts";
import type { WireRequest } from "./request.ts";
import { listMultipartUploads, listObjectVersions } from "./versions.ts";

interface Route {
  readonly method: string;
  readonly level: "service" | "bucket" | "object";
  /** Names that the query must have. */
  readonly needs: readonly string[];
  /** Names that it may have besides. */
  readonly takes: readonly string[];
  readonly handler: Handler;
}

const RESPONSE = [
  "response-content-type",
  "response-content-disposition",
  "response-content-encoding",
  "response-content-language",
  "response-cache-control",
  "response-expires",
];

function route(
  method: string,
  level: Route["level"],
  needs: readonly string[],
  takes: readonly string[],
  handler: Handler,
): Route {
  return { method, level, needs, takes, handler };
}

const PAGED = ["prefix", "encoding-type", "key-marker"];

const ROUTES: Readonly<Record<Operation, Route>> = {
  ListBuckets: route("GET", "service", [], [], listBuckets),
  CreateBucket: route("PUT", "bucket", [], [], createBucket),
  DeleteBucket: route("DELETE", "bucket", [], [], deleteBucket),
  HeadBucket: route("HEAD", "bucket", [], [], headBucket),
  GetBucketLocation: route("GET", "bucket", ["location"], [], getBucketLocation),
  GetBucketVersioning: route("GET", "bucket", ["versioning"], [], getBucketVersioning),
  PutBucketVersioning: route("PUT", "bucket", ["versioning"], [], putBucketVersioning),
  GetObjectLockConfiguration: route(
    "GET",
    "bucket",
    ["object-lock"],
    [],
    getObjectLockConfiguration,
  ),
  GetBucketLifecycleConfiguration: route(
    "GET",
    "bucket",
    ["lifecycle"],
    [],
    getBucketLifecycleConfiguration,
  ),
  ListObjectsV2: route(
    "GET",
    "bucket",
    ["list-type"],
    ["prefix", "encoding-type", "start-after", "continuation-token", "max-keys", "fetch-owner"],
    listObjectsV2,
  ),
  ListObjectVersions: route(
    "GET",
    "bucket",
    ["versions"],
    [...PAGED, "version-id-marker", "max-keys"],
    listObjectVersions,
  ),
  ListMultipartUploads: route(
    "GET",
    "bucket",
    ["uploads"],
    [...PAGED, "upload-id-marker", "max-uploads"],
    listMultipartUploads,
  ),
  DeleteObjects: route("POST", "bucket", ["delete"], [], deleteObjects),
  PutObject: route("PUT", "object", [], [], putObject),
  GetObject: route("GET", "object", [], ["versionId", ...RESPONSE], getObject),
  HeadObject: route("HEAD", "object", [], ["versionId", ...RESPONSE], headObject),
  DeleteObject: route("DELETE", "object", [], ["versionId"], deleteObject),
  GetObjectLegalHold: route("GET", "object", ["legal-hold"], ["versionId"], getObjectLegalHold),
  PutObjectLegalHold: route("PUT", "object", ["legal-hold"], ["versionId"], putObjectLegalHold),
  CreateMultipartUpload: route("POST", "object", ["uploads"], [], createMultipartUpload),
  UploadPart: route("PUT", "object", ["partNumber", "uploadId"], [], uploadPart),
  UploadPartCopy: route("PUT", "object", ["partNumber", "uploadId"], [], uploadPartCopy),
  ListParts: route("GET", "object", ["uploadId"], ["part-number-marker", "max-parts"], listParts),
  CompleteMultipartUpload: route("POST", "object", ["uploadId"], [], completeMultipartUpload),
  AbortMultipartUpload: route("DELETE", "object", ["uploadId"], [], abortMultipartUpload),
};

export function handlerOf(operation: Operation): Handler {
  return ROUTES[operation].handler;
}

const COPY_SOURCE = "x-amz-copy-source";

/** Headers that would change what an operation does, in ways that are not spoken here. */
const UNSPOKEN =
  /^(?:if-(?:match|none-match|modified-since|unmodified-since)|x-amz-(?:acl|grant-.*|tagging|website-.*|mfa|bypass-governance-retention|object-lock-.*|server-side-encryption.*|expected-bucket-owner|copy-source-(?:if-(?!match$)|server).*|storage-class|if-match-.*))$/;

/**
 * The operation that a request asks for. What is not spoken here is said to be so, and never taken for
 * something simpler: a parameter that is passed over would answer another question.
 * @throws WireError `NotImplemented`
 */
export function operationOf(request: WireRequest): Operation {
  const names = [...request.query.keys()].filter((name) => !/^x-(?:id|amz-)/i.test(name));
  const level = request.bucket === null ? "service" : request.key === null ? "bucket" : "object";
  for (const [operation, { method, level: at, needs, takes }] of Object.entries(ROUTES)) {
    if (method !== request.method || at !== level) continue;
    if (!needs.every((name) => names.includes(name))) continue;
    if (!names.every((name) => needs.includes(name) || takes.includes(name))) continue;
    return checkHeaders(request, operation as Operation);
  }
  throw new WireError("NotImplemented", "The operation is not implemented");
}

function checkHeaders(request: WireRequest, operation: Operation): Operation {
  const isCopy = request.headers.has(COPY_SOURCE);
  const spoken = isCopy && operation === "UploadPart" ? "UploadPartCopy" : operation;
  if (isCopy && spoken !== "UploadPartCopy") throw new WireError("NotImplemented");
  for (const name of request.headers.keys()) {
    if (UNSPOKEN.test(name)) throw new WireError("NotImplemented");
  }
  return spoken;
}
