package sqlite

// schema2 adds documents, audit events, and lists of jobs by what became of
// them. A job now knows its idempotency key, so that deleting the job can mark
// the key without a search.
//
// Jobs without an outcome are open, and found by the indexes for those.
const schema2 = `
ALTER TABLE jobs ADD COLUMN outcome TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN idempotency_key TEXT;
UPDATE jobs SET outcome = json_extract(body, '$.outcome') WHERE json_extract(body, '$.outcome') <> '';
UPDATE jobs SET idempotency_key = k.key FROM idempotency_keys k WHERE jobs.id = k.job;
CREATE INDEX jobs_by_outcome ON jobs (outcome, created, id) WHERE outcome <> '';
CREATE INDEX jobs_by_tenant_outcome ON jobs (tenant, outcome, created, id) WHERE outcome <> '';

CREATE TABLE records (
	id      INTEGER PRIMARY KEY,
	kind    TEXT NOT NULL,
	key     TEXT NOT NULL,
	version INTEGER NOT NULL,
	expires INTEGER,          -- nanoseconds since 1970
	value   BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX records_by_key ON records (kind, key);
CREATE INDEX records_by_expiry ON records (expires, kind, key) WHERE expires IS NOT NULL;

CREATE TABLE audit (
	id     INTEGER PRIMARY KEY,
	tenant TEXT NOT NULL,
	seq    INTEGER NOT NULL,
	hash   TEXT NOT NULL,
	at     INTEGER NOT NULL, -- nanoseconds since 1970
	actor  TEXT NOT NULL,
	action TEXT NOT NULL,
	target TEXT NOT NULL,
	body   TEXT NOT NULL     -- the event, in JSON
) STRICT;
CREATE UNIQUE INDEX audit_by_tenant ON audit (tenant, seq);
CREATE INDEX audit_by_actor ON audit (tenant, actor, seq) WHERE actor <> '';
CREATE INDEX audit_by_action ON audit (tenant, action, seq);
CREATE INDEX audit_by_target ON audit (tenant, target, seq) WHERE target <> '';
`
