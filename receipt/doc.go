// Package receipt says what became of a job, signed, so that it can be shown to
// somebody who trusts neither the network nor the disk between: a DSSE envelope
// around an in-toto statement. docs/receipts.md is for those who check one.
//
//	job (over) ──▶ digests of what it wrote ──▶ Statement ──▶ envelope ──▶ Blobs
//
// The statement is made of the stored job and of its sealed output and nothing
// else: no clock, no random number. With the same key it is the same bytes, so
// a process that died after it wrote them writes them once more and no others.
//
// A receipt holds no argument, no environment, no value of a secret, no output
// and no address: of what could be confidential it holds SHA-256 hashes. Names
// that it does hold are those of tenants, callers, images, nodes and egress
// rules.
package receipt
