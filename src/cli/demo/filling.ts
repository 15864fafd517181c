import { inPool } from "../../services/pool.ts";
import type { ExpungeClient } from "../../client/index.ts";
import type { InStore } from "./checks.ts";
import { type Material, material, noise } from "./material.ts";
import type { World } from "./world.ts";

const UPLOADS_AT_ONCE = 8;
const LARGE_BYTES = 48 * 1024 * 1024;
const OPEN_PART_BYTES = 64 * 1024;
const BINARY = "application/octet-stream";

/** A project as the demo filled it. */
export interface Filled extends InStore {
  /** Every file that the API stored. */
  readonly files: readonly Material[];
  /** An upload whose part is there and that nobody completed. */
  readonly open: { readonly uploadId: string; readonly content: Material };
}

/** Makes a project with real files, a large one, and what usually stays behind. */
export async function fill(
  world: World,
  id: string,
  seed: number,
  own: readonly Material[],
): Promise<Filled> {
  const { client } = world;
  const { uid } = await client.projects.create({ id, name: `demo ${id}` });
  await inPool(UPLOADS_AT_ONCE, async (add) => {
    for (const file of own) {
      await add(async () => {
        await client.files.put(id, file.path, file.bytes);
      });
    }
  });
  const large = material("media/large.bin", noise(LARGE_BYTES, seed));
  const uploadId = await sendParts(client, id, large);
  await client.uploads.complete(id, uploadId);
  const planted = await plant(world, id, uid, seed);
  return { id, uid, files: [...own, large], planted, ...(await leaveOpen(world, id, seed)) };
}

/** A direct upload as a browser does it: each part goes to a signed URL of its own. */
async function sendParts(client: ExpungeClient, id: string, file: Material): Promise<string> {
  const { uploadId, partSizeBytes, partCount } = await client.uploads.open(id, {
    path: file.path,
    sizeBytes: file.bytes.length,
    contentType: BINARY,
  });
  for (let number = 1; number <= partCount; number++) {
    const from = (number - 1) * partSizeBytes;
    const part = file.bytes.slice(from, from + partSizeBytes);
    await client.uploads.sendPart(id, uploadId, number, part);
  }
  return uploadId;
}

/** Objects that no row names: below the project's own prefix, and in the layout of an older system. */
async function plant(
  { eye }: World,
  id: string,
  uid: string,
  seed: number,
): Promise<readonly Material[]> {
  const planted = [
    `projects/${uid}/left-by-a-script.tmp`,
    `projects/${uid}/thumbnails/2024/one.webp`,
    `audio/proj_${id}/scene-1/voice.mp3`,
    `audio/proj_${id}/scene-2/voice.mp3`,
  ].map((path, i) => material(path, noise(4096 + i, seed + 1 + i)));
  for (const { path, bytes } of planted) await eye.put(path, bytes);
  return planted;
}

async function leaveOpen(
  { client, eye }: World,
  id: string,
  seed: number,
): Promise<Pick<Filled, "open" | "uploads">> {
  const before = new Set(await eye.openUploads());
  const content = material("media/unfinished.bin", noise(OPEN_PART_BYTES, seed + 99));
  const uploadId = await sendParts(client, id, content);
  const uploads = (await eye.openUploads()).filter((upload) => !before.has(upload));
  return { open: { uploadId, content }, uploads };
}
