package agent

import (
	"cmp"
	"context"
	"log/slog"
	"regexp"
	"slices"
	"sync"

	"glovebox"
	"glovebox/internal/nodev1"
)

// PoolTemplate is a pool of sandboxes that fit only some jobs.
type PoolTemplate struct {
	glovebox.Template
	Min, Max int
	Size     int64 // of the snapshot, if it has one
}

var templateForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// parseTemplates turns control's templates into the domain's words. Jobs do not
// depend on one, so what cannot be meant is left out.
func parseTemplates(all []*nodev1.Template, log *slog.Logger) []PoolTemplate {
	var good []PoolTemplate
	names := map[string]bool{glovebox.PoolGeneric: true, glovebox.PoolNetwork: true}
	for _, w := range all[:min(len(all), glovebox.MaxTemplates)] {
		t, err := parseTemplate(w)
		if err == nil && names[t.Name] {
			err = glovebox.Errorf(glovebox.KindInvalid, "there is another one of the name").On("name")
		}
		if err != nil {
			log.Warn("a template cannot be used", "template", clip(w.GetName()), "error", err)
			continue
		}
		names[t.Name] = true
		good = append(good, t)
	}
	return good
}

func clip(s string) string { return s[:min(len(s), maxEchoed)] }

func parseTemplate(w *nodev1.Template) (PoolTemplate, error) {
	img, err := parseImage(w.GetImage())
	if err != nil {
		return PoolTemplate{}, err
	}
	if err := checkStrings("env", w.GetEnv()); err != nil {
		return PoolTemplate{}, err
	}
	img.Defaults = glovebox.Defaults{Env: w.GetEnv(), Workdir: w.GetWorkdir(), User: w.GetUser()}
	t := PoolTemplate{
		Template: glovebox.Template{Name: w.GetName(), Image: img, Interpreter: w.GetInterpreter(),
			Snapshot: w.GetSnapshot(), Tenant: w.GetTenant()},
		Min: int(w.GetMin()), Max: int(w.GetMax()), Size: w.GetSnapshotSize(),
	}
	switch {
	case !templateForm.MatchString(t.Name):
		return t, glovebox.Errorf(glovebox.KindInvalid, "%.80q cannot be a template's name", t.Name).On("name")
	case t.Min < 0 || t.Max > MaxPool || t.Min > t.Max:
		return t, glovebox.Errorf(glovebox.KindInvalid, "a pool of %d to %d sandboxes", t.Min, t.Max).On("max").Try("use 0 to %d", MaxPool)
	case t.Interpreter != "" && !slices.Contains(glovebox.Interpreters(), t.Interpreter):
		return t, glovebox.Errorf(glovebox.KindInvalid, "interpreter %.80q cannot be started ahead", t.Interpreter).On("interpreter")
	}
	if t.Snapshot != "" && (!glovebox.ValidID(prefixSnapshot, t.Snapshot) || t.Tenant == "" || t.Size < 0 || t.Interpreter != "") {
		return t, glovebox.Errorf(glovebox.KindInvalid, "%.80q cannot be a snapshot of somebody's", t.Snapshot).On("snapshot")
	}
	return t, nil
}

// setTemplates makes these what is parked for, besides the generic pool.
func (p *pool) setTemplates(all []PoolTemplate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = all
	p.reconcile()
	p.poke()
}

// reconcile brings the stocks in line with what is wanted: those that are not
// wanted any more retire, and are forgotten when nothing is left of what was
// parked for them; new ones come in, unless another of the name is still
// retiring. p.mu is held.
func (p *pool) reconcile() {
	for _, st := range p.stocks {
		if st.Name != glovebox.PoolGeneric && st.Name != glovebox.PoolNetwork && !st.retired && !slices.ContainsFunc(p.wanted, st.is) {
			st.retired, st.min, st.max = true, 0, 0
			p.dirty = true
			if st.fetching != nil {
				st.fetching()
			}
		}
		p.clearOut(st)
	}
	used := map[*stock]bool{}
	for _, s := range p.slots {
		used[s.of] = true
	}
	p.stocks = slices.DeleteFunc(p.stocks, func(st *stock) bool {
		gone := st.retired && !used[st] && st.fetching == nil
		p.dirty = p.dirty || gone
		return gone
	})
	for _, t := range p.wanted {
		i := slices.IndexFunc(p.stocks, func(st *stock) bool { return st.Name == t.Name })
		if i < 0 {
			p.stocks = append(p.stocks, &stock{Template: t.Template, min: t.Min, max: t.Max, size: t.Size, unpacked: t.Image.Digest == ""})
			p.dirty = true
		}
	}
	slices.SortStableFunc(p.stocks, func(a, b *stock) int {
		return cmp.Or(a.order()-b.order(), cmp.Compare(a.Name, b.Name))
	})
}

// is says whether a stock is that of a template; they never change.
func (st *stock) is(t PoolTemplate) bool {
	return st.Name == t.Name && st.Image.Digest == t.Image.Digest && st.Interpreter == t.Interpreter && st.Snapshot == t.Snapshot && st.min == t.Min && st.max == t.Max
}

// order puts first what saves a job most.
func (st *stock) order() int {
	switch {
	case st.Interpreter != "":
		return 0
	case st.Image.Digest != "":
		return 1
	}
	return 2
}

// clearOut has all leave that is parked for a template that has retired; p.mu is
// held.
func (p *pool) clearOut(st *stock) {
	if !st.retired {
		return
	}
	for _, s := range p.slots {
		if s.of == st && s.state == nodev1.SlotState_SLOT_STATE_PARKED {
			p.turn(s, nodev1.SlotState_SLOT_STATE_LEAVING)
		}
	}
}

// fetchImages begins to fetch the images of templates that are not unpacked here
// yet: nothing is parked for one before. p.mu is held.
func (p *pool) fetchImages(ctx context.Context, work *sync.WaitGroup) {
	now := p.now()
	for _, st := range p.stocks {
		if st.unpacked || st.retired || st.fetching != nil || now.Before(st.again) {
			continue
		}
		fctx, cancel := context.WithCancel(ctx)
		st.fetching = cancel
		work.Go(func() { p.fetchImage(fctx, st) })
	}
}

func (p *pool) fetchImage(ctx context.Context, st *stock) {
	err := p.fetch(ctx, st.Image)
	ended := ctx.Err() != nil
	p.mu.Lock()
	defer p.mu.Unlock()
	defer p.poke()
	st.fetching()
	st.fetching = nil
	switch {
	case err == nil:
		st.unpacked, st.tries = true, 0
	case !ended:
		st.failed(p.now())
		p.dirty = true
		p.log.LogAttrs(ctx, slog.LevelWarn, "a template's image could not be fetched", slog.String("template", st.Name),
			slog.String("kind", string(glovebox.KindOf(err))), slog.Any("error", err))
	}
}
