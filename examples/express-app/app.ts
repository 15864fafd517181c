import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { pipeline } from "node:stream/promises";
import express, { type ErrorRequestHandler, type Express } from "express";
import {
  createDeletionEngine,
  type DeletionEngine,
  EngineError,
  isExpungeError,
  type ObjectStore,
  type Signer,
} from "expunge";

export interface AppParts {
  /** The application's own tables. */
  readonly db: DatabaseSync;
  /** Where the application writes its files by itself: it knows nothing of expunge there. */
  readonly dir: string;
  /** The same place, as expunge reaches it. */
  readonly store: ObjectStore;
  readonly signer: Signer;
}

const TABLES = `
  create table if not exists projects (
    id text primary key, closing integer not null default 0, receipt text
  );
  create table if not exists files (
    key text primary key, project text not null references projects (id)
  );`;

/** The one place where this application meets expunge. */
export function createEngine({ db, store, signer }: AppParts): DeletionEngine {
  const keys = db.prepare("select key from files where project = ?");
  return createDeletionEngine({
    store,
    signer,
    trackedKeys: function* (projectId) {
      for (const row of keys.iterate(projectId)) yield String(row["key"]);
    },
    // Where files go today, and what an older release wrote.
    canonical: "media/{project}/**",
    layouts: [{ name: "exports", template: "exports/{project}.zip" }],
    // Only now may the rows go: nothing is left that they could lead to. It may run twice.
    onVerified: ({ projectId, receipt }) => {
      db.prepare("delete from files where project = ?").run(projectId);
      db.prepare("update projects set receipt = coalesce(receipt, ?) where id = ?").run(
        receipt,
        projectId,
      );
    },
  });
}

/** A small media library: projects, their files, and a delete that keeps its word. */
export function createApp(parts: AppParts): Express {
  const { db, dir } = parts;
  db.exec(TABLES);
  const engine = createEngine(parts);
  const writers = new Writers();
  const app = express();

  app.post("/projects/:id", (request, response) => {
    db.prepare("insert into projects (id) values (?)").run(request.params.id);
    response.status(201).json({ id: request.params.id });
  });

  app.put("/projects/:id/files/:name", async (request, response) => {
    const { id, name } = request.params;
    const project = db.prepare("select closing from projects where id = ?").get(id);
    if (project === undefined) return void response.status(404).json({ error: "no such project" });
    if (project["closing"] === 1) return void response.status(409).json({ error: "being deleted" });
    if (!/^\w[\w.-]*$/.test(name)) return void response.status(400).json({ error: "bad name" });
    const key = `media/${id}/${name}`;
    // The row first: a file that no row names would be found by the layout only.
    db.prepare("insert or replace into files (key, project) values (?, ?)").run(key, id);
    const path = join(dir, key);
    await writers.during(id, async () => {
      await mkdir(dirname(path), { recursive: true });
      await pipeline(request, createWriteStream(path));
    });
    response.status(201).json({ key });
  });

  app.delete("/projects/:id", async (request, response) => {
    const { id } = request.params;
    // The engine has no fence, so the application stops its own writers first.
    const closed = db.prepare("update projects set closing = 1 where id = ?").run(id);
    if (closed.changes === 0) return void response.status(404).json({ error: "no such project" });
    await writers.ended(id);
    const { state, surfaces } = await engine.delete(id);
    const row = db.prepare("select receipt from projects where id = ?").get(id);
    response.json({ state, surfaces, receipt: row?.["receipt"] });
  });

  app.use(onError);
  return app;
}

/** A delete that did not succeed says so, with what remains: it is simply sent again. */
const onError: ErrorRequestHandler = (error: unknown, _request, response, next) => {
  if (error instanceof EngineError && error.code === "deletion-blocked") {
    const { residue } = error.deletion;
    response.status(409).json({ error: error.code, residue, remedy: error.remedy });
  } else if (isExpungeError(error)) {
    response.status(503).json({ error: error.code, remedy: error.remedy });
  } else next(error);
};

/** Which requests of this process write into a project right now. */
class Writers {
  readonly #writing = new Map<string, Set<EventTarget>>();

  async during(projectId: string, write: () => Promise<void>): Promise<void> {
    const ended = new EventTarget();
    const all = this.#writing.get(projectId) ?? new Set();
    this.#writing.set(projectId, all.add(ended));
    try {
      await write();
    } finally {
      all.delete(ended);
      ended.dispatchEvent(new Event("ended"));
    }
  }

  async ended(projectId: string): Promise<void> {
    const all = [...(this.#writing.get(projectId) ?? [])];
    await Promise.all(all.map((writer) => once(writer, "ended")));
  }
}
