import { Text } from "@mantine/core";
import type { DeletionJson } from "expunge/client";
import { counted, moment } from "../parts/format.ts";

interface Stage {
  readonly title: string;
  readonly note: string;
  readonly state: "done" | "now" | "next" | "bad";
}

/** The stages that the deletion has passed, by its own record. */
export function Timeline({ deletion }: { readonly deletion: DeletionJson }) {
  return (
    <ol className="stages">
      {stagesOf(deletion).map(({ title, note, state }) => (
        <li key={title} aria-current={state === "now" ? "step" : undefined}>
          <span className="mark" data-state={state} aria-hidden="true">
            {{ done: "✓", now: "…", next: "", bad: "!" }[state]}
          </span>
          <div>
            <Text fw={600} size="sm">
              {title}
              <span className="hidden-text">
                {" "}
                ({{ done: "done", now: "now", next: "to come", bad: "needs attention" }[state]})
              </span>
            </Text>
            <Text size="sm" c="dimmed">
              {note}
            </Text>
          </div>
        </li>
      ))}
    </ol>
  );
}

const ORDER = ["trashed", "deleting", "verifying", "completed"] as const;

function stagesOf(deletion: DeletionJson): readonly Stage[] {
  const { state, blocked, purgeAfter, completedAt, requestedAt, settle } = deletion;
  const requested: Stage = { title: "Requested", note: moment(requestedAt), state: "done" };
  if (state === "restored") {
    return [requested, { title: "Undone", note: "The project is back.", state: "done" }];
  }
  const at = ORDER.indexOf(state);
  const stateOf = (stage: number): Stage["state"] => {
    if (at > stage || state === "completed") return "done";
    if (at < stage) return "next";
    return blocked ? "bad" : "now";
  };
  return [
    requested,
    {
      title: "In the trash",
      note:
        purgeAfter <= requestedAt
          ? "No time for an undo was asked for."
          : `Could be undone until ${moment(purgeAfter)}.`,
      state: stateOf(0),
    },
    {
      title: "Removing",
      note: "New uploads are shut out for good, then every place is emptied.",
      state: stateOf(1),
    },
    {
      title: "Checking",
      note: "Every place is listed from start to end, and must be empty.",
      state: stateOf(2),
    },
    {
      title: "Receipt signed",
      note: completedAt === null ? "Comes when the check is passed." : moment(completedAt),
      state: stateOf(3),
    },
    ...settle.map(({ at, result, found }): Stage => ({
      title: `Looked at again on ${moment(at)}`,
      note: {
        clean: "Nothing had come back.",
        amended: `Come back from elsewhere, and removed: ${counted(found, "object")}. An amendment says so.`,
        unknown: "The store could not be looked at. The service tries again by itself.",
      }[result],
      state: { clean: "done", amended: "bad", unknown: "bad" }[result] as Stage["state"],
    })),
  ];
}
