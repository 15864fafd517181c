/** Every operation of S3 that is spoken here, by the name that AWS gives it. */
export const OPERATIONS = [
  "ListBuckets",
  "CreateBucket",
  "DeleteBucket",
  "HeadBucket",
  "GetBucketLocation",
  "GetBucketVersioning",
  "PutBucketVersioning",
  "GetObjectLockConfiguration",
  "ListObjectsV2",
  "ListObjectVersions",
  "ListMultipartUploads",
  "DeleteObjects",
  "PutObject",
  "GetObject",
  "HeadObject",
  "DeleteObject",
  "GetObjectLegalHold",
  "PutObjectLegalHold",
  "CreateMultipartUpload",
  "UploadPart",
  "UploadPartCopy",
  "ListParts",
  "CompleteMultipartUpload",
  "AbortMultipartUpload",
] as const;

export type Operation = (typeof OPERATIONS)[number];
