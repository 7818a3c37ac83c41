package local

import (
	"context"
	"log/slog"

	"glovebox"
	"glovebox/internal/nodev1"
)

// SetTemplates has every node park sandboxes for these templates and no others.
// Until it was called, nodes keep those that they have. One whose image is not
// here any more is left out. An error says that it could not be found out which
// these are; then nothing has changed.
func (p *Provider) SetTemplates(ctx context.Context, all []glovebox.WarmTemplate) error {
	set, shared := &nodev1.Templates{}, map[string]bool{}
	for _, t := range all {
		w, err := p.wireTemplate(ctx, t)
		switch kind := glovebox.KindOf(err); {
		case kind == glovebox.KindImageUnknown || kind == glovebox.KindNotFound:
			p.log.LogAttrs(ctx, slog.LevelWarn, "a template's image is not here any more", slog.String("template", t.Name), slog.String("digest", t.Digest))
			continue
		case err != nil:
			return err
		}
		set.All = append(set.All, w)
		shared[w.GetImage().GetDigest()], shared[w.GetImage().GetConfig().GetDigest()] = true, true
		for _, l := range w.GetImage().GetLayers() {
			shared[l.GetBlob().GetDigest()] = true
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.templates, p.shared = set, shared
	for _, w := range set.All {
		delete(p.saves, w.GetSnapshot()) // wanted by its template from now on
	}
	for name, n := range p.nodes {
		n.newly = p.bump(name)
	}
	return nil
}

// templatesFor is what a node does not know yet of the templates, nil if it knows them
// all; p.mu is held.
func (p *Provider) templatesFor(n *node, m *nodev1.SyncRequest) *nodev1.Templates {
	if known, ok := p.knows(m); ok && known >= n.newly {
		return nil
	}
	return p.templates
}

// wireTemplate also says what a job has that sets nothing of its own.
func (p *Provider) wireTemplate(ctx context.Context, t glovebox.WarmTemplate) (*nodev1.Template, error) {
	img, err := p.images.ByDigest(ctx, t.Digest)
	if err != nil {
		return nil, err
	}
	img.Name = t.Image
	usual, err := glovebox.Spec{Cmd: []string{"-"}}.Command(img.Defaults)
	if err != nil {
		return nil, err
	}
	return &nodev1.Template{
		Name: t.Name, Image: wireImage(img), Interpreter: t.Interpreter, Min: int32(t.Min), Max: int32(t.Max),
		Env: usual.Env, Workdir: usual.Workdir, User: usual.User,
		Snapshot: t.Snapshot, Tenant: tenantOf(t), SnapshotSize: t.Saved.Bytes,
	}, nil
}

// tenantOf says whose jobs alone may take what is parked; "" = everybody's.
func tenantOf(t glovebox.WarmTemplate) string {
	if t.Snapshot == "" {
		return ""
	}
	return t.Tenant
}
