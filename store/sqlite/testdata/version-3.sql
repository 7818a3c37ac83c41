PRAGMA application_id = 1198290498;
PRAGMA user_version = 3;
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
, outcome TEXT NOT NULL DEFAULT '', idempotency_key TEXT, kept INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE TABLE kept_output (
	tenant TEXT NOT NULL PRIMARY KEY,
	bytes  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE records (
	id      INTEGER PRIMARY KEY,
	kind    TEXT NOT NULL,
	key     TEXT NOT NULL,
	version INTEGER NOT NULL,
	expires INTEGER,          -- nanoseconds since 1970
	value   BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_action ON audit (tenant, action, seq);
CREATE INDEX audit_by_actor ON audit (tenant, actor, seq) WHERE actor <> '';
CREATE INDEX audit_by_target ON audit (tenant, target, seq) WHERE target <> '';
CREATE UNIQUE INDEX audit_by_tenant ON audit (tenant, seq);
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires);
CREATE INDEX images_by_name ON images (name, tenant);
CREATE INDEX jobs_by_outcome ON jobs (outcome, created, id) WHERE outcome <> '';
CREATE INDEX jobs_by_tenant ON jobs (tenant, created, id);
CREATE INDEX jobs_by_tenant_outcome ON jobs (tenant, outcome, created, id) WHERE outcome <> '';
CREATE INDEX jobs_by_time ON jobs (created, id);
CREATE INDEX jobs_due ON jobs (due, id) WHERE due IS NOT NULL;
CREATE INDEX jobs_open ON jobs (created, id) WHERE status <> 'ARCHIVED';
CREATE INDEX jobs_open_by_node ON jobs (node, created, id) WHERE status <> 'ARCHIVED' AND node <> '';
CREATE INDEX jobs_open_by_tenant ON jobs (tenant, created, id) WHERE status <> 'ARCHIVED';
CREATE INDEX records_by_expiry ON records (expires, kind, key) WHERE expires IS NOT NULL;
CREATE UNIQUE INDEX records_by_key ON records (kind, key);
INSERT INTO audit VALUES (1, 'alice', 1, 'f62d776158b91f94eb7314df244bb254aac74f234af1efb59bf614c08075c498', 1767322800000000000, 'uid:0', 'job.submit', 'job-0', '{"tenant":"alice","seq":1,"at":"2026-01-02T03:00:00Z","actor":"uid:0","action":"job.submit","target":"job-0","ok":false,"detail":{"n":"0"},"hash":"f62d776158b91f94eb7314df244bb254aac74f234af1efb59bf614c08075c498"}');
INSERT INTO audit VALUES (2, 'alice', 2, '07bfd5f0f4ba885e7c7731d34fd2552b3e496554ab58d4f28a899220eaa74df3', 1767322820000000020, 'uid:0', 'job.end', 'job-0', '{"tenant":"alice","seq":2,"at":"2026-01-02T03:00:20.00000002Z","actor":"uid:0","action":"job.end","target":"job-0","ok":true,"detail":{"n":"20"},"prev":"f62d776158b91f94eb7314df244bb254aac74f234af1efb59bf614c08075c498","hash":"07bfd5f0f4ba885e7c7731d34fd2552b3e496554ab58d4f28a899220eaa74df3"}');
INSERT INTO audit VALUES (3, 'bob', 1, '2716747891470e01a750ab90bad1a4726c137063c0aa5dfe0eb165b33020ca16', 1767322801000000001, 'uid:0', 'job.submit', 'job-1', '{"tenant":"bob","seq":1,"at":"2026-01-02T03:00:01.000000001Z","actor":"uid:0","action":"job.submit","target":"job-1","ok":true,"detail":{"n":"1"},"hash":"2716747891470e01a750ab90bad1a4726c137063c0aa5dfe0eb165b33020ca16"}');
INSERT INTO audit VALUES (4, 'bob', 2, '631781a5b328220b9bef9a347981ac50f246c7f81df599eff7246a05b287cb7e', 1767322821000000021, 'uid:0', 'job.end', 'job-1', '{"tenant":"bob","seq":2,"at":"2026-01-02T03:00:21.000000021Z","actor":"uid:0","action":"job.end","target":"job-1","ok":false,"detail":{"n":"21"},"prev":"2716747891470e01a750ab90bad1a4726c137063c0aa5dfe0eb165b33020ca16","hash":"631781a5b328220b9bef9a347981ac50f246c7f81df599eff7246a05b287cb7e"}');
INSERT INTO audit VALUES (5, 'alice', 3, 'ae0927edf362c51c10b5561319bdf037e33396cd5d2558982384eb3a06746461', 1767322802000000002, 'uid:0', 'job.submit', 'job-2', '{"tenant":"alice","seq":3,"at":"2026-01-02T03:00:02.000000002Z","actor":"uid:0","action":"job.submit","target":"job-2","ok":true,"detail":{"n":"2"},"prev":"07bfd5f0f4ba885e7c7731d34fd2552b3e496554ab58d4f28a899220eaa74df3","hash":"ae0927edf362c51c10b5561319bdf037e33396cd5d2558982384eb3a06746461"}');
INSERT INTO audit VALUES (6, 'alice', 4, 'a031848379c590fc3579b3c4cbee5e8dbffbbb1cfdcacbd919698c8fbcd3d812', 1767322822000000022, 'uid:0', 'job.end', 'job-2', '{"tenant":"alice","seq":4,"at":"2026-01-02T03:00:22.000000022Z","actor":"uid:0","action":"job.end","target":"job-2","ok":true,"detail":{"n":"22"},"prev":"ae0927edf362c51c10b5561319bdf037e33396cd5d2558982384eb3a06746461","hash":"a031848379c590fc3579b3c4cbee5e8dbffbbb1cfdcacbd919698c8fbcd3d812"}');
INSERT INTO audit VALUES (7, 'bob', 3, '91100261e24635f964b2ffdcccfe624a8352392a3744be26eeb5f31264c5f582', 1767322803000000003, 'uid:0', 'job.submit', 'job-3', '{"tenant":"bob","seq":3,"at":"2026-01-02T03:00:03.000000003Z","actor":"uid:0","action":"job.submit","target":"job-3","ok":false,"detail":{"n":"3"},"prev":"631781a5b328220b9bef9a347981ac50f246c7f81df599eff7246a05b287cb7e","hash":"91100261e24635f964b2ffdcccfe624a8352392a3744be26eeb5f31264c5f582"}');
INSERT INTO audit VALUES (8, 'bob', 4, 'd4b22223c2a30d12f6eaed63f4a6e18ce24ccf6bd69a99c8eb0c47adff31a0f2', 1767322823000000023, 'uid:0', 'job.end', 'job-3', '{"tenant":"bob","seq":4,"at":"2026-01-02T03:00:23.000000023Z","actor":"uid:0","action":"job.end","target":"job-3","ok":true,"detail":{"n":"23"},"prev":"91100261e24635f964b2ffdcccfe624a8352392a3744be26eeb5f31264c5f582","hash":"d4b22223c2a30d12f6eaed63f4a6e18ce24ccf6bd69a99c8eb0c47adff31a0f2"}');
INSERT INTO audit VALUES (9, 'alice', 5, '8ac5a1704261d933108267ba89be122f04236066d86c2c9bf06732c06424df3d', 1767322804000000004, 'uid:0', 'job.submit', 'job-4', '{"tenant":"alice","seq":5,"at":"2026-01-02T03:00:04.000000004Z","actor":"uid:0","action":"job.submit","target":"job-4","ok":true,"detail":{"n":"4"},"prev":"a031848379c590fc3579b3c4cbee5e8dbffbbb1cfdcacbd919698c8fbcd3d812","hash":"8ac5a1704261d933108267ba89be122f04236066d86c2c9bf06732c06424df3d"}');
INSERT INTO audit VALUES (10, 'alice', 6, 'c1a3762f8f687c4fdda7fdc74a537410c92932340535b1d9f330ca7a3e0d2e88', 1767322824000000024, 'uid:0', 'job.end', 'job-4', '{"tenant":"alice","seq":6,"at":"2026-01-02T03:00:24.000000024Z","actor":"uid:0","action":"job.end","target":"job-4","ok":false,"detail":{"n":"24"},"prev":"8ac5a1704261d933108267ba89be122f04236066d86c2c9bf06732c06424df3d","hash":"c1a3762f8f687c4fdda7fdc74a537410c92932340535b1d9f330ca7a3e0d2e88"}');
INSERT INTO audit VALUES (11, 'bob', 5, '6f3ad93444708978e9e9ad972f98c34604f42cb7eb58e5f9ce4537f4f0d20ba9', 1767322805000000005, 'uid:0', 'job.submit', 'job-5', '{"tenant":"bob","seq":5,"at":"2026-01-02T03:00:05.000000005Z","actor":"uid:0","action":"job.submit","target":"job-5","ok":true,"detail":{"n":"5"},"prev":"d4b22223c2a30d12f6eaed63f4a6e18ce24ccf6bd69a99c8eb0c47adff31a0f2","hash":"6f3ad93444708978e9e9ad972f98c34604f42cb7eb58e5f9ce4537f4f0d20ba9"}');
INSERT INTO audit VALUES (12, 'bob', 6, 'e26b8200cdf67981b8bf6b9c7f84eacc329f7b78147f6e035b7472fb7abd2743', 1767322825000000025, 'uid:0', 'job.end', 'job-5', '{"tenant":"bob","seq":6,"at":"2026-01-02T03:00:25.000000025Z","actor":"uid:0","action":"job.end","target":"job-5","ok":true,"detail":{"n":"25"},"prev":"6f3ad93444708978e9e9ad972f98c34604f42cb7eb58e5f9ce4537f4f0d20ba9","hash":"e26b8200cdf67981b8bf6b9c7f84eacc329f7b78147f6e035b7472fb7abd2743"}');
INSERT INTO audit VALUES (13, 'alice', 7, 'ebaee6837172b32e7e0017ac1a6eaaf84deaeaced9ab7ba4c5d84f7bae6aeeff', 1767322806000000006, 'uid:0', 'job.submit', 'job-6', '{"tenant":"alice","seq":7,"at":"2026-01-02T03:00:06.000000006Z","actor":"uid:0","action":"job.submit","target":"job-6","ok":false,"detail":{"n":"6"},"prev":"c1a3762f8f687c4fdda7fdc74a537410c92932340535b1d9f330ca7a3e0d2e88","hash":"ebaee6837172b32e7e0017ac1a6eaaf84deaeaced9ab7ba4c5d84f7bae6aeeff"}');
INSERT INTO audit VALUES (14, 'alice', 8, '10467c304fd56033ad79d99abbb413e348c00b354691684a3885a7d031498fa3', 1767322826000000026, 'uid:0', 'job.end', 'job-6', '{"tenant":"alice","seq":8,"at":"2026-01-02T03:00:26.000000026Z","actor":"uid:0","action":"job.end","target":"job-6","ok":true,"detail":{"n":"26"},"prev":"ebaee6837172b32e7e0017ac1a6eaaf84deaeaced9ab7ba4c5d84f7bae6aeeff","hash":"10467c304fd56033ad79d99abbb413e348c00b354691684a3885a7d031498fa3"}');
INSERT INTO audit VALUES (15, 'bob', 7, '81d4559d148306d87e6c624529910a5d5165d875d46c5c2ee54db3562208eb3d', 1767322807000000007, 'uid:0', 'job.submit', 'job-7', '{"tenant":"bob","seq":7,"at":"2026-01-02T03:00:07.000000007Z","actor":"uid:0","action":"job.submit","target":"job-7","ok":true,"detail":{"n":"7"},"prev":"e26b8200cdf67981b8bf6b9c7f84eacc329f7b78147f6e035b7472fb7abd2743","hash":"81d4559d148306d87e6c624529910a5d5165d875d46c5c2ee54db3562208eb3d"}');
INSERT INTO audit VALUES (16, 'bob', 8, 'e56a8530c0c107533632f72e6f3e581f56c667e3e1f22d8ff48bcf3fcba6ba3f', 1767322827000000027, 'uid:0', 'job.end', 'job-7', '{"tenant":"bob","seq":8,"at":"2026-01-02T03:00:27.000000027Z","actor":"uid:0","action":"job.end","target":"job-7","ok":false,"detail":{"n":"27"},"prev":"81d4559d148306d87e6c624529910a5d5165d875d46c5c2ee54db3562208eb3d","hash":"e56a8530c0c107533632f72e6f3e581f56c667e3e1f22d8ff48bcf3fcba6ba3f"}');
INSERT INTO audit VALUES (17, 'alice', 9, '1c849ce25c698602ff2f4e700f00267e83bbe4ee621436e0cc4f18fb1847cdd0', 1767322808000000008, 'uid:0', 'job.submit', 'job-8', '{"tenant":"alice","seq":9,"at":"2026-01-02T03:00:08.000000008Z","actor":"uid:0","action":"job.submit","target":"job-8","ok":true,"detail":{"n":"8"},"prev":"10467c304fd56033ad79d99abbb413e348c00b354691684a3885a7d031498fa3","hash":"1c849ce25c698602ff2f4e700f00267e83bbe4ee621436e0cc4f18fb1847cdd0"}');
INSERT INTO audit VALUES (18, 'alice', 10, '592f2867ab30aafe072dfd4807948da61fbf678313b5f2e1bcc5f8c6a75e4fc7', 1767322828000000028, 'uid:0', 'job.end', 'job-8', '{"tenant":"alice","seq":10,"at":"2026-01-02T03:00:28.000000028Z","actor":"uid:0","action":"job.end","target":"job-8","ok":true,"detail":{"n":"28"},"prev":"1c849ce25c698602ff2f4e700f00267e83bbe4ee621436e0cc4f18fb1847cdd0","hash":"592f2867ab30aafe072dfd4807948da61fbf678313b5f2e1bcc5f8c6a75e4fc7"}');
INSERT INTO audit VALUES (19, 'bob', 9, '67c1238022b20f941de821e762f5d4a8a6236caab9612fe6e0815e8c434f75dd', 1767322808000000008, 'uid:0', 'job.delete', 'job-8', '{"tenant":"bob","seq":9,"at":"2026-01-02T03:00:08.000000008Z","actor":"uid:0","action":"job.delete","target":"job-8","ok":true,"detail":{"n":"8"},"prev":"e56a8530c0c107533632f72e6f3e581f56c667e3e1f22d8ff48bcf3fcba6ba3f","hash":"67c1238022b20f941de821e762f5d4a8a6236caab9612fe6e0815e8c434f75dd"}');
INSERT INTO audit VALUES (20, 'alice', 11, 'e519bf5e41e58cf5815bb64d59714b0f77bf603cc933374935a072d771a669fd', 1767322800000000000, 'uid:0', 'record.write', 'tenant/0', '{"tenant":"alice","seq":11,"at":"2026-01-02T03:00:00Z","actor":"uid:0","action":"record.write","target":"tenant/0","ok":false,"detail":{"n":"0"},"prev":"592f2867ab30aafe072dfd4807948da61fbf678313b5f2e1bcc5f8c6a75e4fc7","hash":"e519bf5e41e58cf5815bb64d59714b0f77bf603cc933374935a072d771a669fd"}');
INSERT INTO audit VALUES (21, 'alice', 12, 'f82a7fd90362636312580cf64ac8024bc3fc2229ee9d4bad6a11aa59ce28cb71', 1767322801000000001, 'uid:0', 'record.write', 'tenant/1', '{"tenant":"alice","seq":12,"at":"2026-01-02T03:00:01.000000001Z","actor":"uid:0","action":"record.write","target":"tenant/1","ok":true,"detail":{"n":"1"},"prev":"e519bf5e41e58cf5815bb64d59714b0f77bf603cc933374935a072d771a669fd","hash":"f82a7fd90362636312580cf64ac8024bc3fc2229ee9d4bad6a11aa59ce28cb71"}');
INSERT INTO audit VALUES (22, 'alice', 13, '71268d79e0dbcf7eed1e22bb2d647901cd6fdb3fa57f7c1bb2e349a4017814bc', 1767322802000000002, 'uid:0', 'record.write', 'tenant/2', '{"tenant":"alice","seq":13,"at":"2026-01-02T03:00:02.000000002Z","actor":"uid:0","action":"record.write","target":"tenant/2","ok":true,"detail":{"n":"2"},"prev":"f82a7fd90362636312580cf64ac8024bc3fc2229ee9d4bad6a11aa59ce28cb71","hash":"71268d79e0dbcf7eed1e22bb2d647901cd6fdb3fa57f7c1bb2e349a4017814bc"}');
INSERT INTO audit VALUES (23, 'alice', 14, '88466906a0a5de39627513dd617e6d76cc47d0a66c4abc21d435749e39d1446d', 1767322803000000003, 'uid:0', 'record.write', 'tenant/3', '{"tenant":"alice","seq":14,"at":"2026-01-02T03:00:03.000000003Z","actor":"uid:0","action":"record.write","target":"tenant/3","ok":false,"detail":{"n":"3"},"prev":"71268d79e0dbcf7eed1e22bb2d647901cd6fdb3fa57f7c1bb2e349a4017814bc","hash":"88466906a0a5de39627513dd617e6d76cc47d0a66c4abc21d435749e39d1446d"}');
INSERT INTO idempotency_keys VALUES ('alice', 'key-0', 'f', 1893456000000000000, 'job-0');
INSERT INTO idempotency_keys VALUES ('alice', 'key-2', 'f', 1893456000000000000, 'job-2');
INSERT INTO idempotency_keys VALUES ('alice', 'key-4', 'f', 1893456000000000000, 'job-4');
INSERT INTO idempotency_keys VALUES ('alice', 'key-6', 'f', 1893456000000000000, 'job-6');
INSERT INTO idempotency_keys VALUES ('alice', 'key-8', 'f', 1893456000000000000, '');
INSERT INTO images VALUES ('alice', 'docker.io/library/busybox:1', '{"tenant":"alice","name":"docker.io/library/busybox:1","digest":"sha256:abababababababababababababababababababababababababababababababab","platform":"linux/amd64","size":7,"unpacked":0,"layers":[{"digest":"sha256:cd","size":5,"mediaType":"","diffID":"sha256:ef"}],"config":{"digest":"","size":0,"mediaType":""},"defaults":{},"source":"import","createdAt":"2026-01-02T03:00:00Z"}');
INSERT INTO images VALUES ('bob', 'it''s', '{"tenant":"bob","name":"it''s","digest":"sha256:abababababababababababababababababababababababababababababababab","platform":"linux/amd64","size":7,"unpacked":0,"layers":[{"digest":"sha256:cd","size":5,"mediaType":"","diffID":"sha256:ef"}],"config":{"digest":"","size":0,"mediaType":""},"defaults":{},"source":"import","createdAt":"2026-01-02T03:00:01.000000001Z"}');
INSERT INTO job_labels VALUES ('alice', 'k', 'it''s', 1767322800000000000, 'job-0');
INSERT INTO job_labels VALUES ('alice', 'k', 'it''s', 1767322802000000002, 'job-2');
INSERT INTO job_labels VALUES ('alice', 'k', 'it''s', 1767322804000000004, 'job-4');
INSERT INTO job_labels VALUES ('alice', 'k', 'it''s', 1767322806000000006, 'job-6');
INSERT INTO job_labels VALUES ('alice', 'n', '0', 1767322800000000000, 'job-0');
INSERT INTO job_labels VALUES ('alice', 'n', '0', 1767322806000000006, 'job-6');
INSERT INTO job_labels VALUES ('alice', 'n', '1', 1767322804000000004, 'job-4');
INSERT INTO job_labels VALUES ('alice', 'n', '2', 1767322802000000002, 'job-2');
INSERT INTO job_labels VALUES ('bob', 'k', 'it''s', 1767322801000000001, 'job-1');
INSERT INTO job_labels VALUES ('bob', 'k', 'it''s', 1767322803000000003, 'job-3');
INSERT INTO job_labels VALUES ('bob', 'k', 'it''s', 1767322805000000005, 'job-5');
INSERT INTO job_labels VALUES ('bob', 'k', 'it''s', 1767322807000000007, 'job-7');
INSERT INTO job_labels VALUES ('bob', 'n', '0', 1767322803000000003, 'job-3');
INSERT INTO job_labels VALUES ('bob', 'n', '1', 1767322801000000001, 'job-1');
INSERT INTO job_labels VALUES ('bob', 'n', '1', 1767322807000000007, 'job-7');
INSERT INTO job_labels VALUES ('bob', 'n', '2', 1767322805000000005, 'job-5');
INSERT INTO jobs VALUES (1, 'job-0', 'alice', 1767322800000000000, 'PENDING', 'n1', 1767322830000000030, 2, 1, '{"k":"it''s","n":"0"}', '{"jobID":"job-0","tenant":"alice","owner":"uid:0","version":2,"spec":{"containerImage":"busybox","cmd":["echo","it''s \u0001 \""],"labels":{"k":"it''s","n":"0"}},"image":{},"status":"PENDING","output":{"stdout":0,"stderr":0,"sealed":false},"attempt":1,"node":"n1","createdAt":"2026-01-02T03:00:00Z","due":"2026-01-02T03:00:30.00000003Z"}', '', 'key-0', 0);
INSERT INTO jobs VALUES (2, 'job-1', 'bob', 1767322801000000001, 'PROVISIONING', 'n1', 1767322831000000031, 2, 1, '{"k":"it''s","n":"1"}', '{"jobID":"job-1","tenant":"bob","owner":"uid:0","version":2,"spec":{"containerImage":"busybox","cmd":["echo","it''s \u0001 \"é"],"labels":{"k":"it''s","n":"1"}},"image":{},"status":"PROVISIONING","output":{"stdout":0,"stderr":0,"sealed":false},"attempt":1,"node":"n1","createdAt":"2026-01-02T03:00:01.000000001Z","due":"2026-01-02T03:00:31.000000031Z"}', '', NULL, 0);
INSERT INTO jobs VALUES (3, 'job-2', 'alice', 1767322802000000002, 'RUNNING', 'n1', 1767322832000000032, 2, 1, '{"k":"it''s","n":"2"}', '{"jobID":"job-2","tenant":"alice","owner":"uid:0","version":2,"spec":{"containerImage":"busybox","cmd":["echo","it''s \u0001 \"éé"],"labels":{"k":"it''s","n":"2"}},"image":{},"status":"RUNNING","output":{"stdout":0,"stderr":0,"sealed":false},"attempt":1,"node":"n1","createdAt":"2026-01-02T03:00:02.000000002Z","due":"2026-01-02T03:00:32.000000032Z"}', '', 'key-2', 0);
INSERT INTO jobs VALUES (4, 'job-3', 'bob', 1767322803000000003, 'COMPLETED', 'n1', 1767322833000000033, 2, 1, '{"k":"it''s","n":"0"}', '{"jobID":"job-3","tenant":"bob","owner":"uid:0","version":2,"spec":{"containerImage":"busybox","cmd":["echo","it''s \u0001 \"ééé"],"labels":{"k":"it''s","n":"0"}},"image":{},"status":"COMPLETED","outcome":"COMPLETED","output":{"stdout":300,"stderr":3,"sealed":true},"attempt":1,"node":"n1","createdAt":"2026-01-02T03:00:03.000000003Z","due":"2026-01-02T03:00:33.000000033Z"}', 'COMPLETED', NULL, 303);
INSERT INTO jobs VALUES (5, 'job-4', 'alice', 1767322804000000004, 'FAILED', 'n1', 1767322834000000034, 2, 1, '{"k":"it''s","n":"1"}', '{"jobID":"job-4","tenant":"alice","owner":"uid:0","version":2,"spec":{"containerImage":"busybox","cmd":["echo","it''s \u0001 \"éééé"],"labels":{"k":"it''s","n":"1"}},"image":{},"status":"FAILED","outcome":"FAILED","output":{"stdout":400,"stderr":4,"sealed":true},"attempt":1,"node":"n1","createdAt":"2026-01-02T03:00:04.000000004Z","due":"2026-01-02T03:00:34.000000034Z"}', 'FAILED', 'key-4', 404);
INSERT INTO jobs VALUES (6, 'job-5', 'bob', 1767322805000000005, 'CANCELLED', 'n1', 1767322835000000035, 2, 1, '{"k":"it''s","n":"2"}', '{"jobID":"job-5","tenant":"bob","owner":"uid:0","version":2,"spec":{"containerImage":"busybox","cmd":["echo","it''s \u0001 \"ééééé"],"labels":{"k":"it''s","n":"2"}},"image":{},"status":"CANCELLED","outcome":"CANCELLED","output":{"stdout":500,"stderr":5,"sealed":true},"attempt":1,"node":"n1","createdAt":"2026-01-02T03:00:05.000000005Z","due":"2026-01-02T03:00:35.000000035Z"}', 'CANCELLED', NULL, 505);
INSERT INTO jobs VALUES (7, 'job-6', 'alice', 1767322806000000006, 'ARCHIVED', 'n1', NULL, 2, 1, '{"k":"it''s","n":"0"}', '{"jobID":"job-6","tenant":"alice","owner":"uid:0","version":2,"spec":{"containerImage":"busybox","cmd":["echo","it''s \u0001 \"éééééé"],"labels":{"k":"it''s","n":"0"}},"image":{},"status":"ARCHIVED","outcome":"COMPLETED","output":{"stdout":600,"stderr":6,"sealed":true},"attempt":1,"node":"n1","createdAt":"2026-01-02T03:00:06.000000006Z"}', 'COMPLETED', 'key-6', 606);
INSERT INTO jobs VALUES (8, 'job-7', 'bob', 1767322807000000007, 'ARCHIVED', 'n1', NULL, 2, 1, '{"k":"it''s","n":"1"}', '{"jobID":"job-7","tenant":"bob","owner":"uid:0","version":2,"spec":{"containerImage":"busybox","cmd":["echo","it''s \u0001 \"ééééééé"],"labels":{"k":"it''s","n":"1"}},"image":{},"status":"ARCHIVED","outcome":"FAILED","output":{"stdout":700,"stderr":7,"sealed":true},"attempt":1,"node":"n1","createdAt":"2026-01-02T03:00:07.000000007Z"}', 'FAILED', NULL, 707);
INSERT INTO kept_output VALUES ('alice', 1010);
INSERT INTO kept_output VALUES ('bob', 1515);
INSERT INTO records VALUES (1, 'person', 'tenant/0', 2, NULL, x'');
INSERT INTO records VALUES (2, 'session', 'tenant/1', 1, 1767323801000001001, x'0100ff27');
INSERT INTO records VALUES (3, 'person', 'tenant/2', 1, NULL, x'0200ff27');
INSERT INTO records VALUES (4, 'session', 'tenant/3', 1, 1767323803000001003, x'0300ff27');
