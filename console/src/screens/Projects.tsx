import { Button, Checkbox, Select, Text, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import type { ProjectJson } from "expunge/client";
import { useMemo, useState } from "react";
import { projectsQuery, SHOWN_MAX, trashQuery } from "../api/projects.ts";
import { useRights } from "../api/session.ts";
import { bytes, count, counted } from "../parts/format.ts";
import { useSelection } from "../parts/selection.ts";
import { Empty, Head, Loading, Trouble } from "../parts/states.tsx";
import { type Order, sorted, SortHead, VirtualRows } from "../parts/VirtualRows.tsx";
import { CreateProject } from "./CreateProject.tsx";
import { DeleteMany } from "./DeleteMany.tsx";
import { ProjectRow } from "./ProjectRow.tsx";

const COLUMNS = ["name", "state", "files", "size", "created"] as const;
type Column = (typeof COLUMNS)[number];
const LABELS: Readonly<Record<Column, string>> = {
  name: "Name",
  state: "State",
  files: "Files",
  size: "Size",
  created: "Created",
};

function valueOf(project: ProjectJson, by: Column): string | number {
  const { name, state, fileCount, sizeBytes, createdAt } = project;
  return { name, state, files: fileCount, size: sizeBytes, created: createdAt }[by];
}

const STATES = [
  { value: "all", label: "Active and in trash" },
  { value: "active", label: "Active" },
  { value: "trashed", label: "In trash" },
  { value: "deleting", label: "Being deleted" },
  { value: "deleted", label: "Deleted" },
];

/** Screen 1: every project that whoever is signed in may see. */
export function Projects() {
  const { mayWrite } = useRights();
  const [search, setSearch] = useState("");
  const [namePrefix] = useDebouncedValue(search.trim(), 250);
  const [state, setState] = useState("all");
  const [isCreating, setCreating] = useState(false);
  const filter = state === "all" ? null : (state as ProjectJson["state"]);
  const projects = useQuery(projectsQuery(namePrefix, filter));
  const create = <Button onClick={() => setCreating(true)}>New project</Button>;
  const isFiltered = namePrefix !== "" || filter !== null;
  return (
    <>
      <Head title="Projects" actions={mayWrite && create} />
      <div className="filters">
        <TextInput
          aria-label="Search by the beginning of the name"
          placeholder="Search by the beginning of the name"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
        />
        <Select
          aria-label="Show projects in this state"
          data={STATES}
          value={state}
          allowDeselect={false}
          onChange={(value) => setState(value ?? "all")}
        />
      </div>
      {projects.data === undefined ? (
        projects.error ? (
          <Trouble
            error={projects.error}
            what="The projects could not be read."
            retry={() => void projects.refetch()}
          />
        ) : (
          <Loading what="projects" />
        )
      ) : projects.data.length > 0 ? (
        <List projects={projects.data} />
      ) : isFiltered ? (
        <Empty title="No project fits">
          Nothing begins with that name in that state. Names are told apart by capitals, too.
        </Empty>
      ) : (
        <Empty title="No projects yet" action={mayWrite && create}>
          A project holds files. Deleting it removes every one of them, checks that they are gone,
          and gives you a signed receipt.
        </Empty>
      )}
      <CreateProject isOpen={isCreating} onClose={() => setCreating(false)} />
    </>
  );
}

function List({ projects }: { readonly projects: readonly ProjectJson[] }) {
  const { mayDelete } = useRights();
  const [order, setOrder] = useState<Order<Column>>({ by: "name", isUp: true });
  const [isDeleting, setDeleting] = useState(false);
  const trash = useQuery(trashQuery);
  const rows = useMemo(() => sorted(projects, order, valueOf), [projects, order]);
  const deletable = useMemo(() => rows.filter(({ state }) => state === "active"), [rows]);
  const { selected, isChosen, choose, all } = useSelection(deletable, ({ uid }) => uid);
  const sizeBytes = rows.reduce((sum, project) => sum + project.sizeBytes, 0);
  return (
    <>
      <div className="bar-of-actions">
        <Text size="sm" c="dimmed" role="status">
          {counted(rows.length, "project")}, {bytes(sizeBytes)}
          {rows.length >= SHOWN_MAX && `: the first ${count(SHOWN_MAX)}, search for others`}
        </Text>
        {selected.length > 0 && (
          <Button color="red" size="xs" onClick={() => setDeleting(true)}>
            Delete {counted(selected.length, "project")} ...
          </Button>
        )}
      </div>
      <VirtualRows
        label="Projects"
        className="projects"
        items={rows}
        keyOf={({ uid }) => uid}
        head={
          <>
            <span role="columnheader">
              <Checkbox
                aria-label="Select all active projects"
                disabled={!mayDelete || deletable.length === 0}
                {...all}
              />
            </span>
            {COLUMNS.map((by) => (
              <SortHead
                key={by}
                by={by}
                label={LABELS[by]}
                order={order}
                onOrder={setOrder}
                className={by === "name" || by === "state" ? "" : "wide"}
              />
            ))}
            <span role="columnheader" className="wide">
              Actions
            </span>
          </>
        }
        render={(project) => (
          <ProjectRow
            project={project}
            deletion={trash.data?.get(project.uid)}
            isChosen={isChosen(project)}
            onChoose={(isChosenNow) => choose(project, isChosenNow)}
          />
        )}
      />
      {isDeleting && <DeleteMany projects={selected} onClose={() => setDeleting(false)} />}
    </>
  );
}
