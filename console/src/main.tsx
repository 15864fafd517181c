import "@mantine/core/styles.css";
import "./app.css";
import { createTheme, MantineProvider, type MantineThemeOverride } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { queries } from "./api/queries.ts";
import { router } from "./router.tsx";

const theme: MantineThemeOverride = createTheme({
  fontFamily: "system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, monospace",
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  components: {
    // The lock of the page behind a dialog is made by an inline style, which the policy forbids.
    Modal: {
      defaultProps: {
        closeButtonProps: { "aria-label": "Close" },
        lockScroll: false,
        centered: true,
        size: "lg",
      },
    },
    Tooltip: { defaultProps: { withinPortal: true } },
  },
});

// What is dropped beside its place would be opened by the browser, and end the page with its uploads.
for (const type of ["dragover", "drop"] as const) {
  addEventListener(type, (event) => {
    if (event.dataTransfer?.types.includes("Files")) event.preventDefault();
  });
}

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no root");
createRoot(root).render(
  <StrictMode>
    {/* All variables stand in the style sheets: a style element made here would be refused. */}
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      withCssVariables={false}
      withGlobalClasses={false}
    >
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
