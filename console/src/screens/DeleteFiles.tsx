import { Alert, Button, Group, List, Modal, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FileJson, FileOutcomesJson } from "expunge/client";
import { useState } from "react";
import { api } from "../api/client.ts";
import { bytes, counted } from "../parts/format.ts";
import { Trouble } from "../parts/states.tsx";

const SHOWN = 5;
/** Of how many files a call takes the paths. */
const AT_ONCE = 1000;

/** Deletes files, and says of each what became of it. */
export function DeleteFiles({
  projectId,
  files: given,
  onClose,
}: {
  readonly projectId: string;
  readonly files: readonly FileJson[];
  readonly onClose: () => void;
}) {
  const [files] = useState(given);
  const queryClient = useQueryClient();
  const remove = useMutation({
    mutationFn: async () => {
      const paths = files.map(({ path }) => path);
      const outcomes: FileOutcomesJson["outcomes"] = [];
      for (let at = 0; at < paths.length; at += AT_ONCE) {
        outcomes.push(...(await api.files.deleteMany(projectId, paths.slice(at, at + AT_ONCE))));
      }
      return outcomes;
    },
    onSettled: () => queryClient.invalidateQueries({ queryKey: ["files", projectId] }),
  });
  const left = remove.data?.filter(({ outcome }) => outcome === "failed" || outcome === "pending");
  const size = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return (
    <Modal opened onClose={onClose} title={`Delete ${counted(files.length, "file")}`} size="md">
      <Stack>
        {left === undefined ? (
          <>
            <Text size="sm">
              {counted(files.length, "file")}, {bytes(size)} in all, for good: single files have no
              trash.
            </Text>
            <List size="sm">
              {files.slice(0, SHOWN).map(({ path }) => (
                <List.Item key={path} className="breaks">
                  {path}
                </List.Item>
              ))}
            </List>
            {files.length > SHOWN && (
              <Text size="sm">and {counted(files.length - SHOWN, "other")}</Text>
            )}
          </>
        ) : left.length === 0 ? (
          <Alert color="green" title="Gone" role="status">
            Each file was removed, and that was checked.
          </Alert>
        ) : (
          <Alert color="yellow" title={`${counted(left.length, "file")} not gone yet`} role="alert">
            They are out of the list, and the service goes on removing their bytes by itself. If an
            audit still finds them tomorrow, look at the Doctor screen.
          </Alert>
        )}
        {remove.error && <Trouble error={remove.error} what="Not all files were deleted." />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {left === undefined ? (files.length === 1 ? "Keep it" : "Keep them") : "Close"}
          </Button>
          {left === undefined && (
            <Button color="red" loading={remove.isPending} onClick={() => remove.mutate()}>
              Delete {counted(files.length, "file")}
            </Button>
          )}
        </Group>
      </Stack>
    </Modal>
  );
}
