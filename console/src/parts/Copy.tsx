import { Button } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";

/** Puts a text where it can be pasted from; a browser may not allow that. */
export function Copy({ value }: { readonly value: string }) {
  const { copy, copied, error } = useClipboard();
  return (
    <Button size="xs" variant="default" disabled={error !== null} onClick={() => copy(value)}>
      {error !== null ? "Copy it by hand" : copied ? "Copied" : "Copy"}
    </Button>
  );
}
