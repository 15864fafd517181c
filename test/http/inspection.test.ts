import { afterAll, beforeAll, expect, test } from "vitest";
import { expectProblem, type HttpService, jsonOf, startHttp } from "./support.ts";

const SETTING = { name: "EXPUNGE_STORE", value: "file:data", source: "default", origin: null };
const CHECK = { name: "store-listing", ok: false, detail: "refused", remedy: "Allow it." };

let http: HttpService;
beforeAll(async () => {
  http = await startHttp({
    http: {
      inspection: {
        settings: () => [SETTING],
        diagnose: async (signal) => (signal.aborted ? [] : [{ ...CHECK, ok: null }, CHECK]),
      },
    },
  });
});
afterAll(() => http.close());

test("an administrator reads the settings of the process and what the doctor finds", async () => {
  const settings = await http.call({ method: "GET", url: "/v1/settings" });
  expect(jsonOf(settings)).toEqual({ settings: [SETTING] });
  const doctor = await http.call({ method: "GET", url: "/v1/doctor" });
  expect(jsonOf(doctor)).toEqual({ ok: false, checks: [{ ...CHECK, ok: null }, CHECK] });
});

test("nobody else reads settings, or has the doctor run", async () => {
  for (const url of ["/v1/settings", "/v1/doctor"]) {
    expectProblem(await http.call({ as: "alice", method: "GET", url }), 403, "forbidden");
    expectProblem(await http.call({ as: "", method: "GET", url }), 401, "unauthorized");
  }
});

test("a service without a built console has no page", async () => {
  expectProblem(await http.call({ as: "", method: "GET", url: "/" }), 404, "route-not-found");
});
