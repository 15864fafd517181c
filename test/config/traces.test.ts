import { expect, test } from "vitest";
import { describeConfig } from "../../src/config.ts";
import { load, problemsOf } from "./help.ts";

const ENDPOINT = "http://127.0.0.1:4318";

test("traces go where OpenTelemetry's own names say, with the headers decoded", async () => {
  const { traces } = await load({
    OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20abc, x-team = a=b,",
    OTEL_SERVICE_NAME: "files",
  });
  expect(traces).toEqual({
    endpoint: ENDPOINT,
    headers: { authorization: "Bearer abc", "x-team": "a=b" },
    serviceName: "files",
  });
});

test("without an endpoint there are no traces, and their headers are never shown", async () => {
  expect((await load({ OTEL_SERVICE_NAME: "files" })).traces).toBeNull();
  const config = await load({
    OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
    OTEL_EXPORTER_OTLP_HEADERS: "authorization=hidden",
  });
  expect(JSON.stringify(describeConfig(config))).not.toContain("hidden");
});

test.each(["nothing", "=value", "a b=c", "a=%zz", "a=%0Ab"])(
  "the headers %j are refused by their name, and not shown",
  async (text) => {
    const [problem = ""] = await problemsOf({
      OTEL_EXPORTER_OTLP_ENDPOINT: ENDPOINT,
      OTEL_EXPORTER_OTLP_HEADERS: text,
    });
    expect(problem).toBe(
      "OTEL_EXPORTER_OTLP_HEADERS has a part that is not NAME=VALUE, percent-encoded.",
    );
  },
);
