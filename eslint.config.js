// What the linter asks of every file: typescript-eslint's strictest set, by the types of the nearest tsconfig.
import { defineConfig, globalIgnores } from "eslint/config";
import tseslint from "typescript-eslint";

export default defineConfig(
  globalIgnores(["dist/", "demo/", ".cache/"]),
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: {
        projectService: {
          // In no tsconfig above them, they are read with the settings of the tests.
          allowDefaultProject: ["*.js", "*.ts", "src/cli/*.js", "web/*.js", "docs/examples/*.js", "action/*.js"],
          defaultProject: "test/tsconfig.json",
        },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      eqeqeq: "error",
      "@typescript-eslint/consistent-type-imports": ["error", { fixStyle: "inline-type-imports" }],
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidOperator: true, ignoreVoidReturningFunctions: true },
      ],
      "@typescript-eslint/no-meaningless-void-operator": "off",
      // async also turns a throw into a rejection.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },
  { files: ["src/**"], ignores: ["src/cli/**"], rules: { "no-console": "error" } },
  {
    files: ["src/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        ...["minLength", "maxLength", "length"].map((property) => ({
          object: "z",
          property,
          message: "It throws on an object whose length is an object: take atLeast or atMost of core/schema.ts.",
        })),
      ],
    },
  },
  {
    files: ["action/**"],
    rules: {
      // The linter sees no cast that is written as a comment.
      "@typescript-eslint/no-unsafe-assignment": "off",
      "@typescript-eslint/no-unsafe-return": "off",
    },
  },
  {
    files: ["test/**"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      // vitest's matchers are of type any.
      "@typescript-eslint/no-unsafe-assignment": "off",
    },
  },
);
