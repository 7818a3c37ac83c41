package sqlite

// schema3 adds up what tenants keep. Each job knows what it counts for, so that
// a write changes the sum by the difference.
const schema3 = `
ALTER TABLE jobs ADD COLUMN kept INTEGER NOT NULL DEFAULT 0; -- bytes of output
UPDATE jobs SET kept = coalesce(json_extract(body, '$.output.stdout'), 0) + coalesce(json_extract(body, '$.output.stderr'), 0);

CREATE TABLE kept_output (
	tenant TEXT NOT NULL PRIMARY KEY,
	bytes  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO kept_output (tenant, bytes) SELECT tenant, sum(kept) FROM jobs WHERE kept <> 0 GROUP BY tenant;
`
