import type { SettingReader } from "./reader.ts";
import type { TracesConfig } from "./types.ts";

/** Where traces go, by the names that OpenTelemetry's specification has for every program. */
export function readTraces(reader: SettingReader): TracesConfig | null {
  const endpoint = reader.httpUrl("OTEL_EXPORTER_OTLP_ENDPOINT");
  const serviceName = reader.text("OTEL_SERVICE_NAME") ?? "expunge";
  const headers = readHeaders(reader);
  return endpoint === null ? null : { endpoint, headers, serviceName };
}

/** `name=value,name=value`, percent-encoded (OpenTelemetry, "OTLP exporter", section "Headers"). */
function readHeaders(reader: SettingReader): Readonly<Record<string, string>> {
  const name = "OTEL_EXPORTER_OTLP_HEADERS";
  const headers: Record<string, string> = {};
  for (const pair of (reader.text(name) ?? "").split(",")) {
    if (pair.trim() === "") continue;
    const at = pair.indexOf("=");
    const header = pair.slice(0, at).trim();
    const value = decoded(pair.slice(at + 1).trim());
    if (at > 0 && /^[\w!#$%&'*+.^`|~-]+$/.test(header) && value !== null) headers[header] = value;
    else reader.refuse(name, "has a part that is not NAME=VALUE, percent-encoded.");
  }
  return headers;
}

function decoded(text: string): string | null {
  try {
    const value = decodeURIComponent(text);
    return /^[\t\x20-\x7e\x80-\xff]*$/.test(value) ? value : null;
  } catch {
    return null;
  }
}
