package main

import (
	"context"
	"io"

	"glovebox"
	"glovebox/api/wire"
	"glovebox/upload"
)

// uploads are the files that tenants hand over, in the words of the API.
type uploads struct{ *upload.Registry }

// Put implements api.Files.
func (u uploads) Put(ctx context.Context, tenant string, body io.Reader) (wire.File, error) {
	f, err := u.Registry.Put(ctx, tenant, body)
	return wire.File(f), err
}

// Get implements api.Files.
func (u uploads) Get(ctx context.Context, tenant, digest string) (wire.File, error) {
	f, err := u.Registry.Get(ctx, tenant, digest)
	return wire.File(f), err
}

// filesInUse are those that jobs name which are not over.
func (t *tidying) filesInUse(ctx context.Context) (map[string]bool, error) {
	used := map[string]bool{}
	f := glovebox.JobFilter{Tenant: glovebox.AnyTenant, Unfinished: true, Limit: 1000}
	for {
		page, err := t.store.ListJobs(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, j := range page.Jobs {
			for _, file := range j.Spec.Files {
				used[j.Tenant+"/"+file.Digest] = true
			}
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return used, nil
		}
	}
}
