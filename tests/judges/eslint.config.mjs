// graphql-eslint's rules for schemas and for Relay, all of them; each that is off says why.

import graphql from "@graphql-eslint/eslint-plugin";

const rule = (name, setting) => [`@graphql-eslint/${name}`, setting];

export default [
  {
    files: ["**/*.graphql"],
    plugins: { "@graphql-eslint": graphql },
    languageOptions: { parser: graphql.parser, parserOptions: { graphQLConfig: { schema: "schema/peerassist.graphql" } } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      ...graphql.configs["flat/schema-all"].rules,
      ...graphql.configs["flat/schema-relay"].rules,
      ...Object.fromEntries([
        rule("require-description", [
          "error",
          { types: true, rootField: true, FieldDefinition: true, InputValueDefinition: true, EnumValueDefinition: true, DirectiveDefinition: true },
        ]),
        // Objects of our own have a global id. Plumbing has none, and neither have the parts of an order: they
        // are read with it and never by themselves.
        rule("strict-id-in-types", [
          "error",
          {
            exceptions: {
              types: ["AdditionalItem", "EquipmentLine", "LaborLine", "MaterialLine", "PageInfo", "Pricing", "Signature", "UserError"],
              suffixes: ["Connection", "Edge", "Payload"],
            },
          },
        ]),
        // `nodes`, `userErrors`, the lines of an order and words of an enum are short lists that nobody pages
        // through.
        rule("relay-edge-types", ["error", { withEdgeSuffix: true, shouldImplementNode: true, listTypeCanWrapOnlyEdgeType: false }]),
        // Every input of a mutation is its one argument `input`, of the mutation's name.
        rule("input-name", ["error", { checkInputType: true, caseSensitiveInputType: false }]),
        // Our order is that of the alphabet without exceptions; the rule wants `id` before the rest.
        rule("alphabetize", "off"),
        // The printer of the SDL puts a description of one line between single quotation marks.
        rule("description-style", "off"),
        // The rule forbids mutations as such; logging in is one.
        rule("no-root-type", "off"),
        // `query` in a payload is for reading what a mutation changed. A login changes nothing, and what it
        // gives the right to read needs the token in a header of the next request.
        rule("require-field-of-type-query-in-mutation-result", "off"),
      ]),
    },
  },
];
