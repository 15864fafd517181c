import { Alert, Button, Group, Loader, Select, Stack, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import type { AuditJson } from "expunge/client";
import { useState } from "react";
import { differencesOf, useStartAudit } from "../api/audits.ts";
import { api } from "../api/client.ts";
import { bytes, count, counted, moment } from "../parts/format.ts";
import { Head, Loading, Trouble } from "../parts/states.tsx";
import { EarlierAudits } from "./EarlierAudits.tsx";
import { Findings } from "./Findings.tsx";
import { FixAudit } from "./FixAudit.tsx";

const AGES = [
  { value: "24h", label: "Older than a day" },
  { value: "1h", label: "Older than an hour" },
  { value: "0s", label: "All, also what is being written just now" },
];
const AGAIN_MS = 1000;

/** Screen 5: what an audit is, and its beginning. */
export function AuditStart() {
  const [minAge, setMinAge] = useState("24h");
  const start = useStartAudit();
  return (
    <>
      <Head title="Audit" />
      <Stack>
        <section className="card">
          <Stack align="flex-start">
            <Text>
              An audit compares all that lies in the store with all that the database knows, both
              ways. It finds objects that belong to no file and still cost money, files whose object
              is missing, and what is left of projects that were deleted. It changes nothing.
            </Text>
            <Select
              label="Judge what is"
              data={AGES}
              value={minAge}
              allowDeselect={false}
              onChange={(value) => setMinAge(value ?? "24h")}
            />
            {start.error && <Trouble error={start.error} what="The audit did not begin." />}
            <Button loading={start.isPending} onClick={() => start.mutate({ minAge })}>
              Run an audit
            </Button>
          </Stack>
        </section>
        <EarlierAudits />
      </Stack>
    </>
  );
}

/** One audit, by its address, so that a reload goes on with it. */
export function AuditScreen() {
  const { id } = useParams({ from: "/audit/$id" });
  const {
    data: audit,
    error,
    refetch,
  } = useQuery({
    queryKey: ["audit", id],
    queryFn: ({ signal }) => api.audits.get(id, { signal }),
    refetchInterval: ({ state }) => (state.data?.state === "completed" ? false : AGAIN_MS),
  });
  const start = useStartAudit();
  if (audit === undefined) {
    return error ? (
      <Trouble error={error} what="The audit could not be read." retry={() => void refetch()} />
    ) : (
      <Loading what="the audit" />
    );
  }
  const isDone = audit.state === "completed";
  return (
    <>
      <Head
        title="Audit"
        actions={
          isDone && (
            <Button
              variant="default"
              loading={start.isPending}
              onClick={() => start.mutate({ minAge: audit.minAge })}
            >
              Run another
            </Button>
          )
        }
      >
        <Text c="dimmed" size="sm">
          Begun on {moment(audit.requestedAt)} by {audit.requestedBy}
          {audit.fix !== "none" && `, mending: ${audit.fix}`}
        </Text>
      </Head>
      <Stack>
        {isDone ? <Verdict audit={audit} /> : <Going audit={audit} />}
        {audit.fix !== "none" && isDone && <Mended audit={audit} />}
        <Counts audit={audit} />
        {audit.unjudged.map(({ surface, code, message }) => (
          <Alert key={surface + code} color="yellow" title="A part could not be judged">
            {message} Nothing is said of it, so this audit is not complete.
          </Alert>
        ))}
        {isDone && differencesOf(audit) > 0 && <Findings audit={audit} />}
        {isDone && audit.fix === "none" && <FixAudit audit={audit} />}
      </Stack>
    </>
  );
}

function Going({ audit }: { readonly audit: AuditJson }) {
  return (
    <Alert color="blue" title="Comparing" role="status">
      <Group gap="sm">
        <Loader size="sm" aria-hidden="true" />
        <Text size="sm">
          {counted(audit.objects, "object")} and {counted(audit.rows, "file")} so far. You may close
          or reload this page: it goes on in the service.
        </Text>
      </Group>
    </Alert>
  );
}

function Verdict({ audit }: { readonly audit: AuditJson }) {
  const found = differencesOf(audit);
  if (found === 0 && audit.complete) {
    return (
      <Alert color="green" title="Store and database agree" role="status">
        Every object belongs to a file, and every file has its object.
      </Alert>
    );
  }
  return (
    <Alert
      color="yellow"
      title={`${counted(found, "difference")} between store and database`}
      role="status"
    >
      {audit.orphanBytes > 0 && `Objects without a file take ${bytes(audit.orphanBytes)}. `}
      Below stands what each difference means, and what to do.
    </Alert>
  );
}

function Mended({ audit: { fixes } }: { readonly audit: AuditJson }) {
  return (
    <Alert
      color={fixes.failed > 0 ? "red" : "green"}
      title={`${counted(fixes.fixed, "difference")} mended`}
    >
      {fixes.spared > 0 && `${count(fixes.spared)} had changed meanwhile and were left alone. `}
      {fixes.failed > 0
        ? `${count(fixes.failed)} could not be mended: look at the Doctor screen, then run the audit again.`
        : "Run another audit to see that they are gone."}
    </Alert>
  );
}

const FACTS = [
  ["Objects", "objects"],
  ["Files", "rows"],
  ["Orphans", "orphans"],
  ["Left of deleted projects", "residueOfDeleted"],
  ["Missing objects", "dangling"],
  ["Wrong objects", "mismatched"],
  ["Stale uploads", "staleUploads"],
  ["Foreign objects", "foreign"],
  ["Too young to judge", "young"],
] as const;

function Counts({ audit }: { readonly audit: AuditJson }) {
  return (
    <dl className="facts card">
      {FACTS.map(([label, field]) => (
        <div key={field} className="fact">
          <dt>{label}</dt>
          <dd>{count(audit[field])}</dd>
        </div>
      ))}
    </dl>
  );
}
