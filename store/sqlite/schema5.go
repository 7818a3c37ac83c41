package sqlite

// schema5 adds up what tenants keep of artifacts, as schema3 does with output.
// No job of before has any.
const schema5 = `
ALTER TABLE jobs ADD COLUMN kept_artifacts INTEGER NOT NULL DEFAULT 0; -- bytes
ALTER TABLE kept_output ADD COLUMN artifacts INTEGER NOT NULL DEFAULT 0; -- bytes
`
