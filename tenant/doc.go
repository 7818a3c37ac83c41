// Package tenant keeps what tenants may take: their quotas, and what they may
// do without a signed approval. Each is one document of the store, changed by
// conditional writes that tell the audit log in the same commit. A tenant
// without a document has the default settings.
package tenant
