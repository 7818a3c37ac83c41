package images

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"glovebox"
)

// Blobs are shared by all tenants, but a digest is no password: a tenant that
// writes a foreign layer's digest into a manifest of its own must not get the
// layer. So Blobs also holds, as small objects,
//
//	images/holders/<hex>/<tenant>   the tenant once delivered all of the blob
//	images/owner/<hex>              the tenant whose fetch an open blob is
//
// A tenant that is not a holder fetches the blob again, which is then compared
// and not stored; one that is not the owner starts an unfinished one anew. These
// objects are not sealed: losing one in a power cut costs a fetch, no more.

func holderKey(hex, tenant string) string { return "images/holders/" + hex + "/" + tenantID(tenant) }
func ownerKey(hex string) string          { return "images/owner/" + hex }

// tenantID is fit for a key, whatever the tenant is called.
func tenantID(tenant string) string {
	s := sha256.Sum256([]byte(tenant))
	return hex.EncodeToString(s[:16])
}

func (s *session) holds(ctx context.Context, hex string) (bool, error) {
	_, err := s.Blobs.Stat(ctx, holderKey(hex, s.tenant))
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return false, nil
	}
	return err == nil, err
}

func (s *session) becomeHolder(ctx context.Context, hex string) error {
	_, err := s.Blobs.Append(ctx, holderKey(hex, s.tenant), 0, nil)
	return err
}

func (s *session) owns(ctx context.Context, hex string) (bool, error) {
	r, err := s.Blobs.Open(ctx, ownerKey(hex), 0)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer r.Close()
	who, err := io.ReadAll(io.LimitReader(r, 64))
	return string(who) == tenantID(s.tenant), err
}

// becomeOwner makes way for a fetch of our own. The old bytes go before the name
// of who wrote them does.
func (s *session) becomeOwner(ctx context.Context, hex string) error {
	for _, key := range []string{keyOf(hex), ownerKey(hex)} {
		if err := s.Blobs.Delete(ctx, key); err != nil {
			return err
		}
	}
	_, err := s.Blobs.Append(ctx, ownerKey(hex), 0, []byte(tenantID(s.tenant)))
	return err
}

func (s *Stock) forgetHolders(ctx context.Context, hex string) error {
	var keys []string
	err := s.Blobs.List(ctx, "images/holders/"+hex+"/", func(key string, _ glovebox.BlobInfo) error {
		keys = append(keys, key)
		return nil
	})
	if err != nil {
		return err
	}
	return s.Blobs.Delete(ctx, keys...)
}
