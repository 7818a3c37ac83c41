// Package storetest is the conformance suite of glovebox.Store. Every
// implementation runs it:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, func(t *testing.T) glovebox.Store { return open(t) })
//	}
//
// Where the interface leaves room, the suite holds stores to the reference
// model in store/memory, so that nobody comes to rely on one store's habits:
// jobs of one instant are listed by descending id, those due at one instant by
// ascending id; an update cannot change CreatedAt, which would move the job
// between pages; an idempotency key is live while the new job's CreatedAt is
// before Expires; AnyTenant and "" can own nothing; documents that expired at
// one instant are purged by kind and key.
package storetest

import (
	"testing"

	"glovebox"
)

// Open returns a new and empty store. The suite closes it.
type Open func(t *testing.T) glovebox.Store

// Run tests every sentence of the interface.
func Run(t *testing.T, open Open) {
	for _, part := range []struct {
		name string
		test func(*testing.T, glovebox.Store)
	}{
		{"create", testCreate},
		{"create/refused", testCreateRefused},
		{"roundtrip/whole", testRoundTrip},
		{"roundtrip/each field", testEachField},
		{"roundtrip/bare", testBare},
		{"roundtrip/empty entrypoint", testEmptyEntrypoint},
		{"roundtrip/strange text", testStrangeText},
		{"roundtrip/large", testLarge},
		{"roundtrip/times", testTimes},
		{"copies", testCopies},
		{"update/versions", testVersions},
		{"update/fence", testFence},
		{"update/refused", testUpdateRefused},
		{"update/one of many wins", testOneWins},
		{"update/many jobs at once", testManyJobs},
		{"key/same request", testKeySame},
		{"key/another request", testKeyReused},
		{"key/scope", testKeyScope},
		{"key/expiry", testKeyExpiry},
		{"key/refused create leaves none", testKeyRefused},
		{"key/at once", testKeyAtOnce},
		{"tenants", testTenants},
		{"list/order", testOrder},
		{"list/filters", testFilters},
		{"list/follows updates", testFollows},
		{"list/limits", testLimits},
		{"list/pages", testPages},
		{"list/pages under writes", testPagesUnderWrites},
		{"list/bad cursor", testBadCursor},
		{"list/another list's cursor", testOtherCursor},
		{"due", testDue},
		{"kept output", testKept},
		{"kept artifacts", testKeptArtifacts},
		{"delete", testDelete},
		{"delete/key", testDeleteKey},
		{"records/life", testRecordLife},
		{"records/lists", testRecordLists},
		{"records/purge", testPurge},
		{"commit/whole", testCommitWhole},
		{"commit/refused", testCommitRefused},
		{"commit/copies", testCommitCopies},
		{"commit/taken once", testTakeOnce},
		{"commit/skew", testSkew},
		{"audit/fields", testEvents},
		{"audit/refused", testEventsRefused},
		{"audit/jobs", testJobEvents},
		{"audit/chains", testChains},
		{"audit/filters", testAuditFilters},
		{"audit/tail", testAuditTail},
		{"audit/limits", testAuditLimits},
		{"images", testImages},
		{"images/round trip", testImageRoundTrip},
		{"context", testContext},
		{"closed", testClosed},
	} {
		t.Run(part.name, func(t *testing.T) {
			s := open(t)
			part.test(t, s)
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
	t.Run("model", func(t *testing.T) { testModel(t, open) })
}
