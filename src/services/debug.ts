import { type Caller, requireRight } from "../core/caller.ts";
import { ExpungeError, messageOf } from "../core/errors.ts";
import { LIMITS } from "../core/limits.ts";
import type { Deletion, Project, Surface } from "../core/model.ts";
import { bodyOf, collect } from "./bytes.ts";
import type { Context } from "./context.ts";
import type { Deletions } from "./deletions.ts";
import type { Files } from "./files/files.ts";
import { listKey } from "./listing.ts";
import { makePlan, type Plan, type PlanSurface } from "./plan.ts";
import type { Projects } from "./projects.ts";
import { verifyReceipt } from "./receipts.ts";

export interface CleanupCheck {
  readonly projectId: string;
  readonly isClean: boolean;
  readonly surfaces: readonly PlanSurface[];
}

export interface SelfTestStep {
  readonly step: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
}

export interface SelfTest {
  readonly ok: boolean;
  readonly steps: readonly SelfTestStep[];
}

/** The seed's debug endpoints, done right: admin only, dry run by default, on the one engine. */
export class Debug {
  readonly #context: Context;
  readonly #projects: Projects;
  readonly #files: Files;
  readonly #deletions: Deletions;

  constructor(context: Context, projects: Projects, files: Files, deletions: Deletions) {
    this.#context = context;
    this.#projects = projects;
    this.#files = files;
    this.#deletions = deletions;
  }

  /**
   * What a cleanup of the project would remove, also for one that is deleted; with a surface only
   * that one is shown.
   * @throws ExpungeError `project-not-found`, `invalid-request` for a surface that does not exist
   */
  async cleanupPlan(caller: Caller, projectId: string, surface?: string): Promise<Plan> {
    requireRight(caller, "admin");
    const plan = await makePlan(this.#context, await this.#projects.find(caller, projectId));
    if (surface === undefined) return plan;
    const surfaces = plan.surfaces.filter((one) => one.surface === surface);
    if (surfaces.length === 0) {
      const names = plan.surfaces.map((one): Surface => one.surface).join(", ");
      throw new ExpungeError("invalid-request", `There is no surface '${surface}'; try ${names}.`);
    }
    const sum = (field: "objects" | "bytes"): number =>
      surfaces.reduce((total, one) => total + one[field], 0);
    return { projectId, objects: sum("objects"), bytes: sum("bytes"), surfaces };
  }

  /** The deletion of the project, by the same engine as `DELETE`; a blocked one is tried again. */
  async cleanup(caller: Caller, projectId: string): Promise<Deletion> {
    requireRight(caller, "admin");
    const deletion = await this.#deletions.request(caller, projectId, {});
    return deletion.blocked ? await this.#deletions.retry(caller, deletion.id) : deletion;
  }

  /** Whether any surface still shows an object or an upload; works for deleted projects. */
  async verifyCleanup(caller: Caller, projectId: string): Promise<CleanupCheck> {
    const { objects, surfaces } = await this.cleanupPlan(caller, projectId);
    return { projectId, isClean: objects === 0, surfaces };
  }

  /** Every key that rows name, and whether a listing shows it. */
  async projectFiles(
    caller: Caller,
    projectId: string,
    limit: number,
    after?: string,
  ): Promise<readonly { key: string; sizeBytes: number; present: boolean }[]> {
    requireRight(caller, "admin");
    const { uid } = await this.#projects.find(caller, projectId);
    const tracked = await this.#context.metadata.trackedKeys(uid, limit, after);
    const files = [];
    for (const { key, sizeBytes } of tracked) {
      const present = (await listKey(this.#context, key)) !== null;
      files.push({ key, sizeBytes, present });
    }
    return files;
  }

  /** Makes a project with files, reads them back, deletes it and checks the receipt. */
  async selfTest(caller: Caller): Promise<SelfTest> {
    requireRight(caller, "admin");
    const steps: SelfTestStep[] = [];
    const step = async <T>(name: string, work: () => Promise<[T, string]>): Promise<T> => {
      const startedAt = this.#context.clock.now();
      const ended = (ok: boolean, detail: string): void => {
        steps.push({ step: name, ok, ms: this.#context.clock.now() - startedAt, detail });
      };
      try {
        const [value, detail] = await work();
        ended(true, detail);
        return value;
      } catch (error) {
        ended(false, messageOf(error));
        throw error;
      }
    };
    try {
      await this.#selfTest(caller, step);
    } catch (error) {
      this.#context.log.error({ err: error }, "self-test failed");
      return { ok: false, steps };
    }
    return { ok: true, steps };
  }

  async #selfTest(
    caller: Caller,
    step: <T>(name: string, work: () => Promise<[T, string]>) => Promise<T>,
  ): Promise<void> {
    const project = await step("create project", async () => {
      const made = await this.#projects.create(caller, { name: "expunge self-test" });
      return [made, made.id];
    });
    const content = this.#context.random.bytes(1000);
    await step("store two files", async () => {
      for (const path of ["self-test/one.bin", "self-test/two.bin"]) {
        await this.#files.put(caller, project.id, {
          path,
          body: bodyOf(content),
          sizeBytes: content.length,
          contentType: "application/octet-stream",
          metadata: {},
          checksums: {},
        });
      }
      return [undefined, `2 files of ${content.length} bytes`];
    });
    await step("read one back", async () => {
      const { body } = await this.#files.get(caller, project.id, "self-test/one.bin");
      const bytes = await collect(body, content.length);
      if (bytes.some((byte, i) => byte !== content[i]) || bytes.length !== content.length) {
        throw new Error("the bytes that came back are not those that were stored");
      }
      return [undefined, "equal"];
    });
    await this.#selfTestDeletion(caller, project, step);
  }

  async #selfTestDeletion(
    caller: Caller,
    project: Project,
    step: <T>(name: string, work: () => Promise<[T, string]>) => Promise<T>,
  ): Promise<void> {
    const deletion = await step("delete the project", async () => {
      const requested = await this.#deletions.request(caller, project.id, { graceMs: 0 });
      const ended = await this.#deletions.wait(requested, LIMITS.selfTestWaitMs);
      if (ended.state !== "completed") {
        throw new Error(ended.blocked?.reason ?? `the deletion is still '${ended.state}'`);
      }
      return [ended, ended.id];
    });
    await step("list every surface", async () => {
      const { objects } = await makePlan(this.#context, project);
      if (objects > 0) throw new Error(`${objects} objects are still listed`);
      return [undefined, "all empty"];
    });
    await step("verify the receipt", async () => {
      const { metadata, signer } = this.#context;
      const receipt = await metadata.findReceipt(project.uid);
      if (!receipt) throw new Error(`${deletion.id} has no receipt`);
      const payload = await verifyReceipt(signer, receipt.jws, await metadata.listPublicKeys());
      return [undefined, `${payload.totals.deleted} objects deleted`];
    });
  }
}
