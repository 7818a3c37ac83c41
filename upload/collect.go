package upload

import (
	"context"
	"strings"
	"time"

	"glovebox"
)

// page is how many documents are read at one time.
const page = 500

// Collect removes files that were not used for KeepTime at the time now and that
// no job that is not over names; inUse lists these, as TENANT/DIGEST, and is asked
// only if something is due. It returns how many went. It may be stopped at any
// point and run by several processes.
func (r *Registry) Collect(ctx context.Context, now time.Time, inUse func(context.Context) (map[string]bool, error)) (removed int, err error) {
	var used map[string]bool
	for after := ""; ; {
		records, err := r.records.ListRecords(ctx, kindFile, "", after, page)
		if err != nil || len(records) == 0 {
			return removed, err
		}
		after = records[len(records)-1].Key
		for _, rec := range records {
			e, err := parse(rec)
			if err != nil {
				return removed, err
			}
			if now.Sub(e.Used) < KeepTime && e.State != leaving {
				continue
			}
			if used == nil {
				if used, err = inUse(ctx); err != nil {
					return removed, err
				}
			}
			if used[rec.Key] && e.State != leaving {
				continue
			}
			switch err := r.remove(ctx, rec.Key, e); glovebox.KindOf(err) {
			case "":
				removed++
			case glovebox.KindStale: // somebody wants it
			default:
				return removed, err
			}
		}
	}
}

// remove takes a file away: first for everybody who looks, then its bytes, then
// what is known of it.
func (r *Registry) remove(ctx context.Context, key string, e entry) error {
	tenant, digest, _ := strings.Cut(key, "/")
	if e.State != leaving {
		e.State = leaving
		if err := r.records.Commit(ctx, []glovebox.Write{e.write(tenant, digest)}); err != nil {
			return err
		}
		e.version++
	}
	if err := r.blobs.Delete(ctx, e.Blob); err != nil {
		return err
	}
	less, err := r.count(ctx, tenant, -1, -e.Size)
	if err != nil {
		return err
	}
	gone := glovebox.Write{Kind: kindFile, Key: key, If: e.version}
	return r.records.Commit(ctx, []glovebox.Write{gone, less})
}
