package identity

import (
	"context"
	"encoding/json"
	"time"

	"glovebox"
)

// Kinds of documents.
const (
	kindSite      = "id_site"
	kindPerson    = "id_person"
	kindHandle    = "id_handle"
	kindPasskey   = "id_passkey"
	kindAdmins    = "id_admins"
	kindCeremony  = "id_ceremony"
	kindLink      = "id_link"
	kindRecovery  = "id_recovery"
	kindSession   = "id_session"
	kindKey       = "id_key"
	kindProof     = "id_proof"
	kindRule      = "id_rule"
	kindOIDCToken = "id_oidc_token"
	kindGrant     = "id_grant"
	kindApproval  = "id_approval"
)

// load reads one document with its version.
func load[T any](ctx context.Context, s *Service, kind, key string) (T, int64, error) {
	var v T
	r, err := s.records.Record(ctx, kind, key)
	if err != nil {
		return v, 0, err
	}
	if err := json.Unmarshal(r.Value, &v); err != nil {
		return v, 0, glovebox.Errorf(glovebox.KindInternal, "document %s/%s: %w", kind, key, err)
	}
	return v, r.Version, nil
}

// list reads every document of a kind whose key begins with prefix.
func list[T any](ctx context.Context, s *Service, kind, prefix string) ([]T, error) {
	const page = 200
	var all []T
	for after := ""; ; {
		records, err := s.records.ListRecords(ctx, kind, prefix, after, page)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			var v T
			if err := json.Unmarshal(r.Value, &v); err != nil {
				return nil, glovebox.Errorf(glovebox.KindInternal, "document %s/%s: %w", kind, r.Key, err)
			}
			all, after = append(all, v), r.Key
		}
		if len(records) < page {
			return all, nil
		}
	}
}

// put writes a document that stays.
func put(kind, key string, v any, version int64) glovebox.Write {
	return putUntil(kind, key, v, version, time.Time{})
}

// putUntil writes a document that may be collected after a time. Whoever reads
// it looks at a time of its own within the value.
func putUntil(kind, key string, v any, version int64, until time.Time) glovebox.Write {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // all documents are structs of strings, numbers, bytes and times
	}
	return glovebox.Write{Kind: kind, Key: key, Value: data, If: version, Expires: until}
}

// drop deletes a document.
func drop(kind, key string, version int64) glovebox.Write {
	return glovebox.Write{Kind: kind, Key: key, If: version}
}

// retried runs a read-check-commit again while somebody else was faster.
func retried(try func() error) error {
	for n := 0; ; n++ {
		if err := try(); glovebox.KindOf(err) != glovebox.KindStale || n == 9 {
			return err
		}
	}
}

// missing says whether err means that there is no such document.
func missing(err error) bool { return glovebox.KindOf(err) == glovebox.KindNotFound }
