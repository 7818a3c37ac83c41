package sqlite

// schema4 tells the archived jobs that are to be removed some day, which may be
// very many, from those that the sweep must look at.
const schema4 = `
DROP INDEX jobs_due;
CREATE INDEX jobs_due ON jobs (due, id) WHERE due IS NOT NULL AND status <> 'ARCHIVED';
CREATE INDEX jobs_expiring ON jobs (due, id) WHERE due IS NOT NULL AND status = 'ARCHIVED';
`
