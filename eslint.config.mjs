/**
 * Lint rules of the page and its tests. Each one that is not in the recommended set has its
 * reason beside it.
 */

import js from "@eslint/js";
import globals from "globals";

/** Text is text: these would read it as HTML or as code. */
const NO_HTML = ["innerHTML", "outerHTML", "insertAdjacentHTML", "write", "srcdoc"].map((property) => ({
  property,
  message: "Build elements with dom.js; text goes in as text.",
}));

const ONLY_HERE = (name, file) => ({
  selector: `MemberExpression[property.name='${name}']`,
  message: `${name} is touched in ${file} only.`,
});

export default [
  { ignores: ["static/vendor/", "node_modules/", ".venv*/", "build/", "dist/"] },
  js.configs.recommended,
  {
    files: ["static/js/**/*.js"],
    languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: globals.browser },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "max-lines": ["error", { max: 400 }],
      "max-lines-per-function": ["error", { max: 45, skipComments: true }],
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-properties": ["error", ...NO_HTML],
      // A chained timeout can't pile up where the page is slow.
      "no-restricted-globals": ["error", { name: "setInterval", message: "Chain setTimeout." }],
      "no-restricted-syntax": ["error", ONLY_HERE("Plotly", "chart.js")],
      // NaN is told by x !== x on hot paths.
      "no-self-compare": "off",
      "no-var": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["static/js/chart.js"],
    rules: { "no-restricted-syntax": "off" },
  },
  {
    // Pure: importable in Node, and nothing of the browser.
    files: ["static/js/model/**/*.js", "static/js/store.js", "static/js/actions.js"],
    languageOptions: { globals: { URL: "readonly", URLSearchParams: "readonly", console: "readonly", document: "off", window: "off" } },
    rules: {
      "no-restricted-globals": ["error", "document", "window", "localStorage", "fetch", "setTimeout", "setInterval"],
    },
  },
  {
    files: ["static/js/model/**/*.js"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [{ group: ["../*"], message: "model imports model only." }] }],
    },
  },
  {
    files: ["tests/js/**/*.mjs", "*.mjs"],
    languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: globals.node },
  },
];
