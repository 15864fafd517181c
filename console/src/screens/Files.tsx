import { Button, Checkbox, Group, SegmentedControl, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import type { FileJson, ProjectJson } from "expunge/client";
import { useMemo, useState } from "react";
import { api } from "../api/client.ts";
import { SHOWN_MAX, taken } from "../api/projects.ts";
import { useRights } from "../api/session.ts";
import { bytes, count, counted, moment } from "../parts/format.ts";
import { useSelection } from "../parts/selection.ts";
import { Empty, Loading, Trouble } from "../parts/states.tsx";
import { type Order, sorted, SortHead, VirtualRows } from "../parts/VirtualRows.tsx";
import { DeleteFiles } from "./DeleteFiles.tsx";
import { FileGrid } from "./FileGrid.tsx";
import { MoveFile } from "./MoveFile.tsx";
import { linkOf } from "./file-links.ts";

const COLUMNS = ["path", "size", "changed"] as const;
type Column = (typeof COLUMNS)[number];
const LABELS: Readonly<Record<Column, string>> = {
  path: "Path",
  size: "Size",
  changed: "Changed",
};

function valueOf({ path, sizeBytes, updatedAt }: FileJson, by: Column): string | number {
  return { path, size: sizeBytes, changed: updatedAt }[by];
}

const VIEWS = [
  { value: "table", label: "Table" },
  { value: "grid", label: "Pictures" },
];

/** The files of a project, as a table or as pictures. */
export function Files({ project }: { readonly project: ProjectJson }) {
  const { id, state } = project;
  const [typed, setTyped] = useState("");
  const [search] = useDebouncedValue(typed.trim().toLowerCase(), 150);
  const [view, setView] = useState("table");
  const isReadable = state === "active" || state === "trashed";
  const { data, error, refetch } = useQuery({
    queryKey: ["files", id],
    queryFn: ({ signal }) => taken(api.files.all(id, { signal }), 2 * SHOWN_MAX),
    enabled: isReadable,
    refetchInterval: 30_000,
  });
  const fitting = useMemo(
    () => (data ?? []).filter(({ path }) => path.toLowerCase().includes(search)),
    [data, search],
  );
  if (!isReadable) return <Text c="dimmed">The files cannot be read any more.</Text>;
  if (data === undefined) {
    return error ? (
      <Trouble error={error} what="The files could not be read." retry={() => void refetch()} />
    ) : (
      <Loading what="files" />
    );
  }
  if (data.length === 0) {
    return <Empty title="No files yet">Drop some above, or send them with the API.</Empty>;
  }
  return (
    <>
      <div className="filters">
        <TextInput
          aria-label="Search in the paths"
          placeholder="Search in the paths"
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <SegmentedControl aria-label="Show files as" data={VIEWS} value={view} onChange={setView} />
      </div>
      {fitting.length === 0 ? (
        <Empty title="No file fits">No path holds these letters.</Empty>
      ) : view === "grid" ? (
        <FileGrid projectId={id} files={fitting} />
      ) : (
        <FileTable project={project} files={fitting} />
      )}
    </>
  );
}

function FileTable({
  project,
  files,
}: {
  readonly project: ProjectJson;
  readonly files: readonly FileJson[];
}) {
  const { mayWrite } = useRights();
  const { id } = project;
  const [order, setOrder] = useState<Order<Column>>({ by: "path", isUp: true });
  const [dialog, setDialog] = useState<"delete" | "move" | null>(null);
  const rows = useMemo(() => sorted(files, order, valueOf), [files, order]);
  const { selected, isChosen, choose, all } = useSelection(rows, ({ path }) => path);
  const mayChange = mayWrite && project.state === "active" && project.hold === null;
  const [single] = selected;
  return (
    <>
      <div className="bar-of-actions">
        <Text size="sm" c="dimmed" role="status">
          {counted(rows.length, "file")}
          {files.length >= 2 * SHOWN_MAX && `: the first ${count(2 * SHOWN_MAX)}`}
          {selected.length > 0 && `, ${count(selected.length)} selected`}
        </Text>
        {mayChange && selected.length > 0 && (
          <Group gap="xs">
            {selected.length === 1 && (
              <Button size="xs" variant="default" onClick={() => setDialog("move")}>
                Move ...
              </Button>
            )}
            <Button size="xs" color="red" onClick={() => setDialog("delete")}>
              Delete {counted(selected.length, "file")} ...
            </Button>
          </Group>
        )}
      </div>
      <VirtualRows
        label="Files"
        className="files"
        items={rows}
        keyOf={({ path }) => path}
        head={
          <>
            <span role="columnheader">
              <Checkbox aria-label="Select all files" disabled={!mayChange} {...all} />
            </span>
            {COLUMNS.map((by) => (
              <SortHead
                key={by}
                by={by}
                label={LABELS[by]}
                order={order}
                onOrder={setOrder}
                className={by === "changed" ? "wide" : ""}
              />
            ))}
            <span role="columnheader">Get</span>
          </>
        }
        render={(file) => (
          <>
            <span role="cell">
              <Checkbox
                aria-label={`Select ${file.path}`}
                disabled={!mayChange}
                checked={isChosen(file)}
                onChange={(event) => choose(file, event.currentTarget.checked)}
              />
            </span>
            <span role="cell" className="one-line" title={file.path}>
              {file.path}
            </span>
            <span role="cell">{bytes(file.sizeBytes)}</span>
            <span role="cell" className="wide">
              {moment(file.updatedAt)}
            </span>
            <span role="cell">
              <a href={linkOf(id, file.path)} download>
                Get<span className="hidden-text"> {file.path}</span>
              </a>
            </span>
          </>
        )}
      />
      {dialog === "delete" && (
        <DeleteFiles projectId={id} files={selected} onClose={() => setDialog(null)} />
      )}
      {dialog === "move" && single && (
        <MoveFile projectId={id} path={single.path} onClose={() => setDialog(null)} />
      )}
    </>
  );
}
