// Package secret keeps the secrets of tenants: each is one document of the
// store, whose value is sealed by a key that is not in the store. Sealed with
// the value are whose it is and where it may be sent, so who can write to the
// store and nothing else can neither read a value, nor give it to another
// tenant, nor have it sent elsewhere. Values come out for the orders of jobs
// alone; changes tell the audit log in the same commit.
package secret
