import { defineConfig } from "vitest/config";

export default defineConfig({
  build: {
    // The page's policy allows no inline script, style or image, so everything becomes a file with its hash in its name.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: "es2023",
  },
  // The validator finds its wasm beside itself, which pre-bundling would tear apart.
  optimizeDeps: { exclude: ["@deputize/validator"] },
  server: {
    // The example document lies above this directory.
    fs: { allow: [".."] },
    // `npm run dev` beside a running `deputize up`.
    proxy: { "/v1": "http://127.0.0.1:7117" },
  },
  test: { include: ["src/**/*.test.ts"] },
});
