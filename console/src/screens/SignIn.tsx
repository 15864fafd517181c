import { Button, Stack, Text, TextInput, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { api } from "../api/client.ts";
import { codeIn, sessionQuery, takeCode } from "../api/session.ts";
import icon from "../icon.svg";
import { Loading, Trouble } from "../parts/states.tsx";

/** Signing in by a one-time link; opened by one, this happens by itself. */
export function SignIn() {
  const [text, setText] = useState("");
  const queryClient = useQueryClient();
  const signIn = useMutation({
    mutationFn: (code: string) => api.sessions.signIn(code),
    onSuccess: (session) => queryClient.setQueryData(sessionQuery.queryKey, session),
  });
  const isTaken = useRef(false);
  const { mutate } = signIn;
  useEffect(() => {
    const take = (): void => {
      const code = takeCode();
      if (code !== null) mutate(code);
    };
    if (!isTaken.current) take();
    isTaken.current = true;
    globalThis.addEventListener("hashchange", take);
    return () => globalThis.removeEventListener("hashchange", take);
  }, [mutate]);
  return (
    <main className="sign-in">
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          mutate(codeIn(text));
        }}
      >
        <Stack>
          <img src={icon} alt="" width={40} height={40} />
          <Title order={1} size="h3">
            Sign in to expunge
          </Title>
          <Text size="sm" c="dimmed">
            You need a one-time sign-in link. The service prints one when it starts, and an
            administrator can make one for you on the Settings screen.
          </Text>
          {signIn.isPending && <Loading what="your session" rows={1} />}
          {signIn.error && (
            <Trouble
              error={signIn.error}
              what="You are not signed in: the link was used already, or is too old."
            />
          )}
          <TextInput
            label="Sign-in link"
            placeholder="Paste the link here"
            value={text}
            onChange={(event) => setText(event.currentTarget.value)}
            autoComplete="off"
          />
          <Button type="submit" disabled={text.trim() === ""} loading={signIn.isPending}>
            Sign in
          </Button>
        </Stack>
      </form>
    </main>
  );
}
