PRAGMA application_id = 1198290498;
PRAGMA user_version = 1;
CREATE TABLE idempotency_keys (
	tenant      TEXT NOT NULL,
	key         TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	expires     INTEGER NOT NULL,
	job         TEXT NOT NULL,
	PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE images (
	tenant TEXT NOT NULL,
	name   TEXT NOT NULL,
	body   TEXT NOT NULL, -- the image, in JSON
	PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE job_labels (
	tenant  TEXT NOT NULL,
	key     TEXT NOT NULL,
	value   TEXT NOT NULL,
	created INTEGER NOT NULL,
	job     TEXT NOT NULL,
	PRIMARY KEY (tenant, key, value, created, job)
) STRICT, WITHOUT ROWID;
CREATE TABLE jobs (
	seq     INTEGER PRIMARY KEY,
	id      TEXT NOT NULL UNIQUE,
	tenant  TEXT NOT NULL,
	created INTEGER NOT NULL, -- nanoseconds since 1970
	status  TEXT NOT NULL,
	node    TEXT NOT NULL,
	due     INTEGER,          -- nanoseconds since 1970
	version INTEGER NOT NULL,
	attempt INTEGER NOT NULL,
	labels  TEXT NOT NULL,    -- as in job_labels, in JSON
	body    TEXT NOT NULL     -- the job, in JSON
) STRICT;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires);
CREATE INDEX images_by_name ON images (name, tenant);
CREATE INDEX jobs_by_tenant ON jobs (tenant, created, id);
CREATE INDEX jobs_by_time ON jobs (created, id);
CREATE INDEX jobs_due ON jobs (due, id) WHERE due IS NOT NULL;
CREATE INDEX jobs_open ON jobs (created, id) WHERE status <> 'ARCHIVED';
CREATE INDEX jobs_open_by_node ON jobs (node, created, id) WHERE status <> 'ARCHIVED' AND node <> '';
CREATE INDEX jobs_open_by_tenant ON jobs (tenant, created, id) WHERE status <> 'ARCHIVED';
INSERT INTO idempotency_keys VALUES ('alice', 'key-1', 'f', 1770923045000000006, 'job-1');
INSERT INTO idempotency_keys VALUES ('alice', 'key-3', 'f', 1770923045000000006, 'job-3');
INSERT INTO idempotency_keys VALUES ('bob', 'key-5', 'f', 1770923045000000006, 'job-5');
INSERT INTO idempotency_keys VALUES ('bob', 'key-7', 'f', 1770923045000000006, 'job-7');
INSERT INTO images VALUES ('alice', 'there', '{"tenant":"alice","name":"there","digest":"","platform":"","size":0,"unpacked":0,"layers":null,"config":{"digest":"","size":0,"mediaType":""},"defaults":{},"source":"","createdAt":"2026-01-02T03:04:05.000000006Z"}');
INSERT INTO job_labels VALUES ('alice', 'n', '0', 1767323045000000006, 'job-0');
INSERT INTO job_labels VALUES ('alice', 'n', '0', 1767323047000000006, 'job-2');
INSERT INTO job_labels VALUES ('alice', 'n', '1', 1767323046000000006, 'job-1');
INSERT INTO job_labels VALUES ('alice', 'n', '1', 1767323048000000006, 'job-3');
INSERT INTO job_labels VALUES ('bob', 'n', '0', 1767323049000000006, 'job-4');
INSERT INTO job_labels VALUES ('bob', 'n', '0', 1767323051000000006, 'job-6');
INSERT INTO job_labels VALUES ('bob', 'n', '1', 1767323050000000006, 'job-5');
INSERT INTO job_labels VALUES ('bob', 'n', '1', 1767323052000000006, 'job-7');
INSERT INTO jobs VALUES (1, 'job-0', 'alice', 1767323045000000006, 'PENDING', '', 1767323045000000006, 1, 0, '{"n":"0"}', '{"jobID":"job-0","tenant":"alice","owner":"uid:0","version":1,"spec":{"containerImage":"","labels":{"n":"0"}},"image":{},"status":"PENDING","output":{"stdout":0,"stderr":0,"sealed":false},"attempt":0,"createdAt":"2026-01-02T03:04:05.000000006Z","due":"2026-01-02T03:04:05.000000006Z"}');
INSERT INTO jobs VALUES (2, 'job-1', 'alice', 1767323046000000006, 'ARCHIVED', '', NULL, 2, 0, '{"n":"1"}', '{"jobID":"job-1","tenant":"alice","owner":"uid:0","version":2,"spec":{"containerImage":"","labels":{"n":"1"}},"image":{},"status":"ARCHIVED","outcome":"COMPLETED","output":{"stdout":0,"stderr":0,"sealed":false},"attempt":0,"createdAt":"2026-01-02T03:04:06.000000006Z","endedAt":"2026-01-02T04:04:05.000000006Z"}');
INSERT INTO jobs VALUES (3, 'job-2', 'alice', 1767323047000000006, 'ARCHIVED', '', NULL, 2, 0, '{"n":"0"}', '{"jobID":"job-2","tenant":"alice","owner":"uid:0","version":2,"spec":{"containerImage":"","labels":{"n":"0"}},"image":{},"status":"ARCHIVED","outcome":"FAILED","output":{"stdout":0,"stderr":0,"sealed":false},"attempt":0,"createdAt":"2026-01-02T03:04:07.000000006Z","endedAt":"2026-01-02T04:04:05.000000006Z"}');
INSERT INTO jobs VALUES (4, 'job-3', 'alice', 1767323048000000006, 'ARCHIVED', '', NULL, 2, 0, '{"n":"1"}', '{"jobID":"job-3","tenant":"alice","owner":"uid:0","version":2,"spec":{"containerImage":"","labels":{"n":"1"}},"image":{},"status":"ARCHIVED","outcome":"CANCELLED","output":{"stdout":0,"stderr":0,"sealed":false},"attempt":0,"createdAt":"2026-01-02T03:04:08.000000006Z","endedAt":"2026-01-02T04:04:05.000000006Z"}');
INSERT INTO jobs VALUES (5, 'job-4', 'bob', 1767323049000000006, 'PENDING', '', 1767323045000000006, 1, 0, '{"n":"0"}', '{"jobID":"job-4","tenant":"bob","owner":"uid:0","version":1,"spec":{"containerImage":"","labels":{"n":"0"}},"image":{},"status":"PENDING","output":{"stdout":0,"stderr":0,"sealed":false},"attempt":0,"createdAt":"2026-01-02T03:04:09.000000006Z","due":"2026-01-02T03:04:05.000000006Z"}');
INSERT INTO jobs VALUES (6, 'job-5', 'bob', 1767323050000000006, 'ARCHIVED', '', NULL, 2, 0, '{"n":"1"}', '{"jobID":"job-5","tenant":"bob","owner":"uid:0","version":2,"spec":{"containerImage":"","labels":{"n":"1"}},"image":{},"status":"ARCHIVED","outcome":"COMPLETED","output":{"stdout":0,"stderr":0,"sealed":false},"attempt":0,"createdAt":"2026-01-02T03:04:10.000000006Z","endedAt":"2026-01-02T04:04:05.000000006Z"}');
INSERT INTO jobs VALUES (7, 'job-6', 'bob', 1767323051000000006, 'ARCHIVED', '', NULL, 2, 0, '{"n":"0"}', '{"jobID":"job-6","tenant":"bob","owner":"uid:0","version":2,"spec":{"containerImage":"","labels":{"n":"0"}},"image":{},"status":"ARCHIVED","outcome":"FAILED","output":{"stdout":0,"stderr":0,"sealed":false},"attempt":0,"createdAt":"2026-01-02T03:04:11.000000006Z","endedAt":"2026-01-02T04:04:05.000000006Z"}');
INSERT INTO jobs VALUES (8, 'job-7', 'bob', 1767323052000000006, 'ARCHIVED', '', NULL, 2, 0, '{"n":"1"}', '{"jobID":"job-7","tenant":"bob","owner":"uid:0","version":2,"spec":{"containerImage":"","labels":{"n":"1"}},"image":{},"status":"ARCHIVED","outcome":"CANCELLED","output":{"stdout":0,"stderr":0,"sealed":false},"attempt":0,"createdAt":"2026-01-02T03:04:12.000000006Z","endedAt":"2026-01-02T04:04:05.000000006Z"}');
