package api

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"glovebox"
	"glovebox/api/wire"
)

// tenant answers with the caller's own tenant and what its jobs take.
func (h *handler) tenant(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	id := principal(r).Tenant
	t, err := h.Tenants.Tenant(r.Context(), id)
	if err != nil {
		return err
	}
	u, err := h.Service.Usage(r.Context(), id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, wire.TenantUsage{Tenant: viewTenant(t), Usage: wire.Usage(u)})
}

func (h *handler) hostTenants(w http.ResponseWriter, r *http.Request) error {
	q := params(r, []string{"after", "limit"})
	after, limit := q.text("after"), int(q.number("limit", 100, 1, 1000))
	if after != "" && !isTenant(after) {
		q.fail(glovebox.Errorf(glovebox.KindInvalid, "not a tenant's id").On("after").Try("give next of the page before"))
	}
	if err := q.err(); err != nil {
		return err
	}
	all, err := h.Tenants.List(r.Context(), after, limit)
	if err != nil {
		return err
	}
	list := wire.TenantList{Tenants: make([]wire.Tenant, len(all))}
	if len(all) == limit {
		list.Next = all[limit-1].ID
	}
	for i, t := range all {
		list.Tenants[i] = viewTenant(t)
	}
	return writeJSON(w, http.StatusOK, list)
}

// hostTenant answers with any tenant that has settings.
func (h *handler) hostTenant(w http.ResponseWriter, r *http.Request) error {
	if err := params(r, nil).err(); err != nil {
		return err
	}
	id, err := tenantID(r)
	if err != nil {
		return err
	}
	t, version, err := h.Tenants.Get(r.Context(), id)
	if err != nil {
		return err
	}
	tag := versionTag(version)
	w.Header().Set("ETag", tag)
	if matches(r, "If-None-Match", tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeJSON(w, http.StatusOK, viewTenant(t))
}

// putTenant replaces a tenant's settings, and never those that the caller has
// not seen.
func (h *handler) putTenant(w http.ResponseWriter, r *http.Request) error {
	id, err := tenantID(r)
	if err := errors.Join(params(r, nil).err(), err); err != nil {
		return err
	}
	var body wire.TenantSettings
	if err := decode(w, r, &body); err != nil {
		return err
	}
	version, err := h.seenVersion(r, id)
	if err != nil {
		return err
	}
	was, err := h.policyOf(r, id, version)
	if err != nil {
		return err
	}
	t, version, err := h.Tenants.Put(r.Context(), principal(r), glovebox.Tenant{
		ID: id, Name: body.Name, Quota: glovebox.Quota(body.Quota), Runtimes: body.Runtimes, Retention: body.Retention, TwoPerson: body.TwoPerson, Policy: was,
	}, version)
	if err != nil {
		return err
	}
	w.Header().Set("ETag", versionTag(version))
	return writeJSON(w, http.StatusOK, viewTenant(t))
}

// policyOf is the policy of a tenant's settings at a version, which a change of
// the other settings leaves alone: its own route changes it.
func (h *handler) policyOf(r *http.Request, id string, version int64) (glovebox.Policy, error) {
	if version == 0 {
		return glovebox.DefaultTenant(id).Policy, nil
	}
	t, _, err := h.Tenants.Get(r.Context(), id)
	return t.Policy, err // if it is newer than version, Put refuses
}

// seenVersion is the version of the tenant that the caller wants to replace.
func (h *handler) seenVersion(r *http.Request, id string) (int64, error) {
	match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	switch {
	case (match == "") == (none == "") || none != "" && none != "*":
		return 0, glovebox.Errorf(glovebox.KindInvalid, "which version is to be replaced is not said").On("If-Match").
			Try("give If-Match with the ETag that you have read or, for a tenant without settings, If-None-Match: *")
	case none == "*":
		return 0, nil
	}
	_, version, err := h.Tenants.Get(r.Context(), id)
	if glovebox.KindOf(err) == glovebox.KindNotFound {
		return 0, glovebox.Errorf(glovebox.KindStale, "the tenant has no settings").On("If-Match").Try("give If-None-Match: *")
	}
	if err != nil {
		return 0, err
	}
	if !matches(r, "If-Match", versionTag(version)) {
		return 0, glovebox.Errorf(glovebox.KindStale, "the tenant has changed").On("If-Match").Try("read it again")
	}
	return version, nil
}

// tenantID is the tenant that the path names.
func tenantID(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if !isTenant(id) {
		return "", glovebox.Errorf(glovebox.KindNotFound, "there can be no such tenant").
			Try("use 1 to 63 of a-z, 0-9 and '-', beginning with a letter or a digit")
	}
	return id, nil
}

// isTenant says whether s could be a tenant's id.
func isTenant(s string) bool {
	return plainID(s) && len(s) < 64 && !strings.Contains(s, "_") && s[0] != '-'
}

// versionTag is the ETag of what has nothing but a version.
func versionTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

func viewTenant(t glovebox.Tenant) wire.Tenant {
	return wire.Tenant{
		ID: t.ID, Name: t.Name, Quota: wire.Quota(t.Quota), Runtimes: t.Runtimes, Retention: t.Retention, TwoPerson: t.TwoPerson, CreatedAt: t.Created,
		Policy: *wire.PolicyOf(&t.Policy),
	}
}
