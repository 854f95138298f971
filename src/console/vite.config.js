import { defineConfig } from 'vite';

export default defineConfig({
  // Every address is relative, so that a proxy may put any prefix before /graphiql/.
  base: './',
  build: {
    // The page's Content-Security-Policy allows neither inline scripts nor data: scripts.
    assetsInlineLimit: 0,
    target: 'es2022',
    // Monaco is one large editor whichever way it is cut.
    chunkSizeWarningLimit: 8000,
  },
});
