import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** No inline script or style, nothing from elsewhere: the service's policy allows neither. */
export default defineConfig({
  root: at("."),
  plugins: [react()],
  resolve: { alias: { "expunge/client": at("../src/client/index.ts") } },
  build: {
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // Held by a test, compressed.
    chunkSizeWarningLimit: 1000,
  },
});
