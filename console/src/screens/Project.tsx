import { Alert, Button, Progress, Stack, Tabs, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { isExpungeClientError, type ProjectJson } from "expunge/client";
import { useState } from "react";
import { projectQuery, trashQuery } from "../api/projects.ts";
import { useRights } from "../api/session.ts";
import { bytes, count, fromNow, moment } from "../parts/format.ts";
import { useNow } from "../parts/now.ts";
import { Empty, Head, Loading, StateBadge, Trouble } from "../parts/states.tsx";
import { Activity } from "./Activity.tsx";
import { DeleteProject } from "./DeleteProject.tsx";
import { Files } from "./Files.tsx";
import { Hold } from "./Hold.tsx";
import { Restore } from "./ProjectRow.tsx";
import { Uploads } from "./Uploads.tsx";

/** Screen 2: one project and its files. */
export function ProjectScreen() {
  const { id } = useParams({ from: "/projects/$id" });
  const { data: project, error, refetch } = useQuery(projectQuery(id));
  if (isExpungeClientError(error, "project-deleted")) return <Gone id={id} />;
  if (project === undefined) {
    return error ? (
      <Trouble error={error} what="The project could not be read." retry={() => void refetch()} />
    ) : (
      <Loading what="the project" />
    );
  }
  return <Shown project={project} />;
}

function Gone({ id }: { readonly id: string }) {
  return (
    <Empty
      title="This project is deleted"
      action={<Link to="/deletions">Find its deletion and receipt</Link>}
    >
      All files of {id} were removed, that was checked, and a signed receipt says so.
    </Empty>
  );
}

function Shown({ project }: { readonly project: ProjectJson }) {
  const { isAdmin, mayDelete, mayWrite } = useRights();
  const [isDeleting, setDeleting] = useState(false);
  const { id, state, hold } = project;
  const name = project.name === "" ? id : project.name;
  const isActive = state === "active";
  return (
    <>
      <Head
        title={name}
        actions={
          <>
            {isAdmin && (isActive || state === "trashed") && <Hold project={project} />}
            {mayDelete && isActive && (
              <Button color="red" disabled={hold !== null} onClick={() => setDeleting(true)}>
                Delete the project ...
              </Button>
            )}
          </>
        }
      >
        <Text c="dimmed" size="sm" className="breaks">
          {id}, owned by {project.owner} <StateBadge state={state} />
        </Text>
      </Head>
      <Stack>
        <Notices project={project} name={name} />
        <Facts project={project} />
        {mayWrite && isActive && <Uploads projectId={id} />}
        <Tabs defaultValue="files" keepMounted={false}>
          <Tabs.List>
            <Tabs.Tab value="files">Files</Tabs.Tab>
            {isAdmin && <Tabs.Tab value="activity">Activity</Tabs.Tab>}
          </Tabs.List>
          <Tabs.Panel value="files" pt="md">
            <Files project={project} />
          </Tabs.Panel>
          {isAdmin && (
            <Tabs.Panel value="activity" pt="md">
              <Activity projectId={id} />
            </Tabs.Panel>
          )}
        </Tabs>
      </Stack>
      {isDeleting && <DeleteProject project={project} onClose={() => setDeleting(false)} />}
    </>
  );
}

function Notices({ project, name }: { readonly project: ProjectJson; readonly name: string }) {
  const { mayDelete } = useRights();
  const nowMs = useNow();
  const { data: trash } = useQuery(trashQuery);
  const { id, uid, state, hold } = project;
  const deletion = trash?.get(uid);
  return (
    <>
      {hold && (
        <Alert color="grape" title="On hold: nothing of it can be deleted or replaced">
          Since {moment(hold.placedAt)}, because: {hold.reason}. An administrator can release it.
        </Alert>
      )}
      {state === "trashed" && (
        <Alert color="yellow" title="In the trash">
          <Stack gap="xs" align="flex-start">
            <Text size="sm">
              Its files can be read, and not changed.
              {deletion && ` They will be removed ${fromNow(deletion.purgeAfter, nowMs)}.`}
            </Text>
            {mayDelete && <Restore id={id} name={name} />}
            {deletion && (
              <Link to="/deletions/$id" params={{ id: deletion.id }}>
                Look at the deletion
              </Link>
            )}
          </Stack>
        </Alert>
      )}
      {state === "deleting" && (
        <Alert color="blue" title="Being deleted">
          Its files are being removed, and cannot be read any more.{" "}
          <Link to="/deletions">Look at the deletions</Link>
        </Alert>
      )}
    </>
  );
}

function Facts({ project }: { readonly project: ProjectJson }) {
  const { fileCount, sizeBytes, quotaBytes, createdAt, expiresAt } = project;
  const percent = quotaBytes === null ? 0 : Math.min(100, (sizeBytes / quotaBytes) * 100);
  return (
    <dl className="facts card">
      <div className="fact">
        <dt>Files</dt>
        <dd>{count(fileCount)}</dd>
      </div>
      <div className="fact">
        <dt>Size</dt>
        <dd>
          {bytes(sizeBytes)}
          {quotaBytes !== null && ` of ${bytes(quotaBytes)}`}
          {quotaBytes !== null && (
            <Progress
              value={percent}
              color={percent > 90 ? "red" : "blue"}
              aria-label="How much of the limit is used"
              mt={6}
            />
          )}
        </dd>
      </div>
      <div className="fact">
        <dt>Created</dt>
        <dd>{moment(createdAt)}</dd>
      </div>
      {expiresAt !== null && (
        <div className="fact">
          <dt>Deletes itself</dt>
          <dd>{moment(expiresAt)}</dd>
        </div>
      )}
    </dl>
  );
}
