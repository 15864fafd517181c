import { Button, FileButton, Group, Progress, Stack, Text } from "@mantine/core";
import type { UppyFile } from "@uppy/core";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { filesOf, queueOf } from "../api/uploads.ts";
import { bytes, count, counted } from "../parts/format.ts";
import { Trouble } from "../parts/states.tsx";

/** How many uploads are listed one by one. */
const LISTED = 8;

type Item = UppyFile<Record<string, unknown>, Record<string, unknown>>;

/** Where files are dropped or chosen, and how their uploads go. */
export function Uploads({ projectId }: { readonly projectId: string }) {
  const queue = useMemo(() => queueOf(projectId), [projectId]);
  const { uppy } = queue;
  const folder = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const [trouble, setTrouble] = useState<unknown>(null);
  useEffect(() => folder.current?.setAttribute("webkitdirectory", ""), []);
  const files = useSyncExternalStore(
    (changed) => {
      uppy.on("state-update", changed);
      return () => uppy.off("state-update", changed);
    },
    () => uppy.getState().files,
  );
  const items = Object.values(files) as Item[];
  return (
    <Stack gap="sm">
      <div
        className="drop"
        data-over={isOver || undefined}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          setTrouble(null);
          filesOf(event.dataTransfer).then((dropped) => queue.add(dropped), setTrouble);
        }}
      >
        <Group justify="center" gap="sm">
          <Text size="sm">Drop files or folders here, or</Text>
          <FileButton multiple onChange={(chosen) => queue.add(chosen)} inputProps={INPUT}>
            {(props) => (
              <Button {...props} size="xs" variant="default">
                Choose files
              </Button>
            )}
          </FileButton>
          <Button size="xs" variant="default" onClick={() => folder.current?.click()}>
            Choose a folder
          </Button>
        </Group>
        <input
          ref={folder}
          type="file"
          multiple
          hidden
          aria-label="Folder to upload"
          onChange={(event) => {
            queue.add([...(event.currentTarget.files ?? [])]);
            event.currentTarget.value = "";
          }}
        />
      </div>
      {trouble !== null && <Trouble error={trouble} what="What was dropped could not be read." />}
      {items.length > 0 && <Running items={items} projectId={projectId} />}
    </Stack>
  );
}

const INPUT = { "aria-label": "Files to upload" };

function Running({
  items,
  projectId,
}: {
  readonly items: readonly Item[];
  readonly projectId: string;
}) {
  const { uppy } = queueOf(projectId);
  const done = items.filter(({ progress }) => progress.uploadComplete === true);
  const failed = items.filter(({ error }) => Boolean(error));
  const open = items.filter(({ progress, error }) => !progress.uploadComplete && !error);
  const total = items.reduce((sum, { size }) => sum + (size ?? 0), 0);
  const sent = items.reduce(
    (sum, { progress, size }) =>
      sum + (progress.uploadComplete === true ? (size ?? 0) : progress.bytesUploaded || 0),
    0,
  );
  const shown = [...failed, ...open].slice(0, LISTED);
  return (
    <section className="card" aria-label="Uploads">
      <Stack gap="sm">
        <Group justify="space-between">
          <Text size="sm" role="status">
            {count(done.length)} of {counted(items.length, "file")} uploaded, {bytes(sent)} of{" "}
            {bytes(total)}
            {failed.length > 0 && `, ${counted(failed.length, "file")} failed`}
          </Text>
          <Group gap="xs">
            {failed.length > 1 && (
              <Button size="xs" variant="default" onClick={() => void uppy.retryAll()}>
                Try all again
              </Button>
            )}
            {open.length > 0 && (
              <>
                <Button size="xs" variant="default" onClick={() => uppy.pauseAll()}>
                  Pause all
                </Button>
                <Button size="xs" variant="default" onClick={() => uppy.resumeAll()}>
                  Resume all
                </Button>
              </>
            )}
            <Button
              size="xs"
              variant="default"
              onClick={() => {
                for (const { id } of open.length > 0 ? open : items) uppy.removeFile(id);
              }}
            >
              {open.length > 0 ? "Cancel all" : "Clear"}
            </Button>
          </Group>
        </Group>
        <Progress value={total === 0 ? 100 : (sent / total) * 100} aria-label="All uploads" />
        {shown.map((item) => (
          <One key={item.id} item={item} projectId={projectId} />
        ))}
        {failed.length + open.length > shown.length && (
          <Text size="sm" c="dimmed">
            and {counted(failed.length + open.length - shown.length, "more file")}
          </Text>
        )}
      </Stack>
    </section>
  );
}

function One({ item, projectId }: { readonly item: Item; readonly projectId: string }) {
  const { uppy } = queueOf(projectId);
  const { id, name, size, progress, error, isPaused } = item;
  const path = item.meta["relativePath"] ?? name;
  const sent = progress.bytesUploaded || 0;
  return (
    <div>
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm" className="one-line" title={path}>
          {path}
        </Text>
        <Group gap={6} wrap="nowrap">
          {error ? (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Try again: ${path}`}
              onClick={() => void uppy.retryUpload(id)}
            >
              Try again
            </Button>
          ) : (
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`${isPaused ? "Resume" : "Pause"} ${path}`}
              onClick={() => uppy.pauseResume(id)}
            >
              {isPaused ? "Resume" : "Pause"}
            </Button>
          )}
          <Button
            size="compact-xs"
            variant="default"
            aria-label={`Cancel ${path}`}
            onClick={() => uppy.removeFile(id)}
          >
            Cancel
          </Button>
        </Group>
      </Group>
      {error ? (
        <Text size="sm" c="red" role="alert">
          {error}
        </Text>
      ) : (
        <Progress
          size="sm"
          value={size ? (sent / size) * 100 : 0}
          aria-label={`Upload of ${path}`}
        />
      )}
    </div>
  );
}
