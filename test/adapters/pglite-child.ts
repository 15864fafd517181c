import { openEmbedded } from "../../src/adapters/pglite/open.ts";
import { PostgresMetadataStore } from "../../src/adapters/postgres/metadata-store.ts";

/** A process of its own for pglite.test.ts: `hold DIR` or `commit DIR PROJECT`. */
const [, , task, dir = "", projectUid = ""] = process.argv;

const database = await openEmbedded(dir);
process.emitWarning("a warning of somebody else");
process.stdout.write("open\n");
if (task === "commit") {
  const store = await PostgresMetadataStore.open(database.dialect);
  for (let serial = 0; ; serial++) {
    const path = `${process.pid}-${serial}`;
    await store.commitEmptyFile({
      projectUid,
      path,
      fileUid: path,
      contentType: "text/plain",
      metadata: {},
      sha256: "",
      etag: path,
    });
    process.stdout.write(`${path}\n`);
  }
}
setInterval(() => {}, 1000);
