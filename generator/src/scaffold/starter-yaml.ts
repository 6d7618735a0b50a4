/** The schema that `init` writes: small, valid, and with a word about each thing in it. */

/** Relative, so that an editor needs no network. */
const EDITOR_SCHEMA = "./node_modules/@synckit-gen/schemas/json/synckit.schema.json";

export const starterYaml = (app: string): string => `# yaml-language-server: $schema=${EDITOR_SCHEMA}
#
# Which tables sync, and which of their columns may leave the device: those under \`columns\`, and no others.
# The tables are your app's own; with \`create: true\` the first migration makes them, too.
synckit: 1
app: ${JSON.stringify(app)}
tables:
  notes:
    # The key is \`id\`, a UUID; \`key\` and \`key_kind\` say otherwise.
    columns:
      notebook_id: uuid? # ? may be NULL
      title: text
      body: { type: text, default: "''" }
      pinned: { type: boolean, default: 0 }
      updated_at: timestamp
    # Named, so that tests can prove that they stay here.
    local:
      draft: text?
    references:
      notebook_id: { table: notebooks, on_delete: set null }

  notebooks:
    columns:
      name: text
`;
