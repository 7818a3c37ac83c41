package template

import (
	"context"
	"encoding/json"
	"fmt"

	"glovebox"
)

// Create makes a template of an image that the actor's tenant has here, and
// returns it complete. Whether actor may do this is the caller's to say.
//
// KindInvalid with the field to blame, as WarmTemplate.Complete;
// KindImageUnknown on "image"; KindConflict on "name" if there is one of the
// name; KindTooMany.
func (r *Registry) Create(ctx context.Context, actor glovebox.Principal, t glovebox.WarmTemplate) (glovebox.WarmTemplate, error) {
	t.Snapshot, t.Saved = "", glovebox.Saved{} // see CreateFrom
	t, err := r.begin(ctx, actor, t)
	if err != nil {
		return t, err
	}
	img, err := r.images.Find(ctx, t.Tenant, t.Image)
	if err != nil {
		return t, onImage(err)
	}
	t.Image, t.Digest = img.Name, img.Digest
	detail := map[string]string{}
	if t.Interpreter != "" {
		detail["interpreter"] = t.Interpreter
	}
	return t, r.write(ctx, actor, t, detail)
}

// begin completes a template that actor makes, if there is room for one.
func (r *Registry) begin(ctx context.Context, actor glovebox.Principal, t glovebox.WarmTemplate) (glovebox.WarmTemplate, error) {
	t.Tenant, t.By, t.Created = actor.Tenant, actor.Name, r.now()
	t, err := t.Complete()
	if err != nil {
		return t, err
	}
	all, err := r.List(ctx, glovebox.AnyTenant)
	if err == nil && len(all) >= glovebox.MaxTemplates {
		err = glovebox.Errorf(glovebox.KindConflict, "there are %d templates already", len(all)).On("name").Try("remove one first")
	}
	return t, err
}

// write writes a template down, with what the audit log is told besides.
func (r *Registry) write(ctx context.Context, actor glovebox.Principal, t glovebox.WarmTemplate, detail map[string]string) error {
	body, err := json.Marshal(t)
	if err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "template %q cannot be written down: %w", t.Name, err)
	}
	detail["image"], detail["digest"], detail["min"], detail["max"] = t.Image, t.Digest, fmt.Sprint(t.Min), fmt.Sprint(t.Max)
	event := glovebox.AuditEvent{
		Tenant: actor.Tenant, At: t.Created, Actor: actor.Name, Action: "template.create", Target: t.Name, OK: true, Detail: detail,
	}
	err = r.records.Commit(ctx, []glovebox.Write{{Kind: kind, Key: t.Name, Value: body, If: glovebox.IfAbsent}}, event)
	if glovebox.KindOf(err) == glovebox.KindStale {
		return errTaken(t.Name)
	}
	if err == nil {
		r.poke()
	}
	return err
}

func errTaken(name string) error {
	return glovebox.Errorf(glovebox.KindConflict, "there is a template %q already", name).On("name").
		Try("remove it first, or use another name")
}

// onImage names the field that the image came in.
func onImage(err error) error {
	e := *glovebox.AsError(err)
	if e.Kind == glovebox.KindImageUnknown {
		return e.On("image").Try("pull or import it first")
	}
	if e.Field != "" {
		return e.On("image")
	}
	return err
}

// Remove takes a template away that the tenant (or, for AnyTenant, any) has
// made; nodes then destroy what they have parked for it. KindNotFound.
func (r *Registry) Remove(ctx context.Context, actor glovebox.Principal, tenant, name string) error {
	t, version, err := r.read(ctx, tenant, name)
	if err != nil {
		return err
	}
	event := glovebox.AuditEvent{
		Tenant: t.Tenant, At: r.now(), Actor: actor.Name, Action: "template.remove", Target: name, OK: true,
		Detail: map[string]string{"image": t.Image, "digest": t.Digest},
	}
	err = r.records.Commit(ctx, []glovebox.Write{{Kind: kind, Key: name, If: version}}, event)
	if glovebox.KindOf(err) == glovebox.KindStale { // somebody else was faster
		return errNone()
	}
	if err == nil {
		r.poke()
	}
	return err
}

func (r *Registry) poke() {
	select {
	case r.changed <- struct{}{}:
	default:
	}
}
