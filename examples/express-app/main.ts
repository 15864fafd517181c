import { generateKeyPairSync } from "node:crypto";
import { mkdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { openFileStore, openReceiptSigner } from "expunge";
import { createApp } from "./app.ts";

const dir = "./media-files";
mkdirSync(dir, { recursive: true });
// A bucket instead: await openS3Store({ bucket, region: "auto", endpoint, accessKeyId, secretAccessKey }).
const store = await openFileStore(dir);
// Keep one key for good: receipts are verified with its public half.
const { privateKey } = generateKeyPairSync("ed25519");
const signer = await openReceiptSigner(String(privateKey.export({ format: "pem", type: "pkcs8" })));
const app = createApp({ db: new DatabaseSync("./media.sqlite"), dir, store, signer });
app.listen(4000, "127.0.0.1");
