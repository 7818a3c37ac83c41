// Package dynamodb is the glovebox.Store of a fleet: one table of DynamoDB, or of
// a service that speaks its protocol.
//
// # Keys
//
// The table has a binary partition key pk and a binary sort key sk, so that text
// of any kind is kept to the byte and sorts like it does everywhere else. Parts of
// a key are escaped (key.go), then joined. What is monotonic in time is spread
// over shards by a hash, and merged when it is read.
//
//	pk               sk                what
//	J id             -                 a job: its JSON, and what conditions look at
//	J id             chunk n           the rest of JSON that is too large for one item
//	L tenant shard   created id        the tenant's list
//	O shard          created id        jobs that are not archived, of all tenants
//	B tenant k v     created id        jobs with a label
//	I tenant key     -                 an idempotency key
//	T shard          tenant            that there is such a tenant
//	K tenant         -                 what it keeps of output and artifacts, in bytes
//	R kind           key               a document
//	M shard          tenant name       an image
//	H shard          tenant            the end of the tenant's chain of events
//	A tenant         seq               an event
//
// Two sparse indexes serve what may be late: due (dueShard, dueAt) for the sweep of
// due jobs, and expiry (expShard, expAt) for the removal of documents. Both are read
// with doubt: what they name is read again, consistently, before it counts.
//
// # Access
//
//	CreateJob      one transaction: job, list, open, labels, key, sum, events
//	UpdateJob      one read, one transaction: job, and what of the rest changed
//	DeleteJob      one read, one transaction
//	Job, JobOfKey  one read, two
//	ListJobs       a query for each shard of the list, then the jobs in batches
//	DueJobs        a query for each shard of the index, then the jobs in batches
//	Kept…          one read; for all tenants, one for each
//	Commit         one transaction: documents, events
//	Record         one read
//	ListRecords    one query
//	AuditEvents    one query; for all tenants, one for each
//	Image(s)       one read; one query for each shard
//
// Nothing scans. All reads but those of the two indexes are consistent, so that a
// caller sees what it has written; that costs twice.
//
// # Writes
//
// Every condition of the interface is a condition of a transaction, so nothing
// relies on what this process remembers, and any number of processes may share a
// table. A transaction that met another one (TransactionConflict), or was
// throttled, is tried again, later and later; one whose conditions failed is read
// anew and judged. The client's token makes a repeat after a lost reply harmless.
//
// The events of a tenant form a chain, so writes with events of one tenant follow
// one another. Within a process they wait in line for each other instead of
// failing; between processes the end of the chain is a condition like any other.
//
// # Limits
//
// A tenant's writes with events come one after another, each a round trip or two,
// whatever the table takes. A job of more than 3 MiB, a record of an image
// of more than 390 KiB, and a commit of more than 4 MiB or 100 items in all are
// KindTooLarge. Lists by outcome, by node and by more than one label, and events by
// actor, action or target, walk what they are a part of: their cost is that of the
// tenant's list or chain up to the end of the page, not that of the page.
//
// TTL may be switched on for the attribute ttl. It is garbage collection: times
// are compared by callers and by conditions.
package dynamodb
