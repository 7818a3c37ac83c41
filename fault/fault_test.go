package fault

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"glovebox"
	"glovebox/blob/memory"
	fakeprovider "glovebox/provider/fake"
	"glovebox/runtime/fake"
	store_memory "glovebox/store/memory"
)

// TestEveryCallHasAName calls every method of every decorator and wants the
// fault instead of the call: a method that was added and is not decorated is
// found here.
func TestEveryCallHasAName(t *testing.T) {
	f := New(func(Call) Fate { return Fails })
	p := f.Process("p", func() { t.Error("nobody dies") })
	unnamed := map[string]string{"Close": "an end is not a call", "Plan": "has no effect", "Normalize": "looks at nothing"}
	for name, of := range map[string]any{
		"store": Store(p, store_memory.New()), "blobs": Blobs(p, memory.New()), "provider": Provider(p, fakeprovider.New(1)),
		"runtime": Runtime(p, fake.New()), "images": Images(p, nil), "courier": Layers(p, nil), "receipts": Receipts(p, nil), "network": Network(p, nil),
	} {
		v := reflect.ValueOf(of)
		for i := range v.NumMethod() {
			method := v.Type().Method(i).Name
			if unnamed[method] != "" && name != "network" {
				continue
			}
			before := len(f.Hits())
			out := call(v.Method(i))
			err, _ := out[len(out)-1].Interface().(error)
			hits := f.Hits()
			if len(hits) != before+1 || !strings.HasSuffix(hits[before].Name, "."+method) || glovebox.KindOf(err) != failsWith(method) {
				t.Errorf("%s.%s is not decorated: %v", name, method, err)
			}
		}
	}
}

// failsWith is the kind of a fault of a method.
func failsWith(method string) glovebox.Kind {
	if method == "Resolve" {
		return glovebox.KindUnreachable // of a registry
	}
	return glovebox.KindUnavailable
}

// call calls a method with nothing in its arguments.
func call(m reflect.Value) []reflect.Value {
	in := []reflect.Value{}
	for i := range m.Type().NumIn() {
		if m.Type().IsVariadic() && i == m.Type().NumIn()-1 {
			break
		}
		in = append(in, reflect.Zero(m.Type().In(i)))
	}
	if len(in) > 0 && m.Type().In(0) == reflect.TypeFor[context.Context]() {
		in[0] = reflect.ValueOf(context.Background())
	}
	return m.Call(in)
}

// TestFates: what of a call is done, and what its caller sees.
func TestFates(t *testing.T) {
	tests := map[Fate]struct {
		done, ok, alive bool
	}{
		Works: {true, true, true}, Fails: {false, false, true}, Loses: {true, false, true},
		Dies: {false, false, false}, DiesAfter: {true, false, false},
	}
	for fate, want := range tests {
		t.Run(fate.String(), func(t *testing.T) {
			deaths := 0
			blobs := memory.New()
			f := New(Nth("p", "blobs.Seal", 0, fate))
			p := f.Process("p", func() { deaths++ })
			err := Blobs(p, blobs).Seal(t.Context(), "k")
			_, absent := blobs.Stat(t.Context(), "k")
			if done := absent == nil; done != want.done || (err == nil) != want.ok || p.Dead() == want.alive || (deaths == 0) != want.alive {
				t.Errorf("done %v, %v, dead %v, killed %d times", done, err, p.Dead(), deaths)
			}
			err = Blobs(p, blobs).Seal(t.Context(), "later")
			_, absent = blobs.Stat(t.Context(), "later")
			if (err == nil) != want.alive || (absent == nil) != want.alive {
				t.Errorf("a later call: %v, %v", err, absent)
			}
		})
	}
}

// TestStartSaysThatItMayRun: KindUnavailable would mean that it does not.
func TestStartSaysThatItMayRun(t *testing.T) {
	machine := fake.New(glovebox.RuntimeGVisor)
	f := New(Nth("p", "runtime.Start", 0, Loses))
	img := glovebox.Image{Digest: "sha256:1", Layers: []glovebox.Layer{{}}}
	if err := machine.EnsureImage(t.Context(), img, noBytes); err != nil {
		t.Fatal(err)
	}
	if err := machine.Create(t.Context(), glovebox.SandboxSpec{ID: "a-1", Runtime: glovebox.RuntimeGVisor, Image: img, Args: []string{"exit"}}); err != nil {
		t.Fatal(err)
	}
	defer machine.Destroy(context.Background(), "a-1")
	if err := Runtime(f.Process("p", func() {}), machine).Start(t.Context(), "a-1"); glovebox.KindOf(err) != glovebox.KindNodeLost {
		t.Errorf("%v", err)
	}
}

func noBytes(context.Context, string, int64, io.Writer) error { return nil }

// TestSeeded: the same seed has the same calls meet the same fates, in whatever
// order they come, and another one others.
func TestSeeded(t *testing.T) {
	odds := func(Call) Odds { return Odds{1000, 1000, 1000} }
	draw := func(seed uint64, backward bool) (fates [500]Fate) {
		plan := Seeded(seed, odds)
		for i := range fates {
			if backward {
				i = len(fates) - 1 - i
			}
			fates[i] = plan(Call{Process: "p", Name: "n", Of: i})
		}
		return fates
	}
	if draw(1, false) != draw(1, true) {
		t.Error("the order of calls counts")
	}
	if draw(1, false) == draw(2, false) {
		t.Error("the seed does not count")
	}
	n := map[Fate]int{}
	for _, fate := range draw(3, false) {
		n[fate]++
	}
	if n[Works] < 300 || n[Fails] < 20 || n[Loses] < 20 || n[Dies] < 5 || n[DiesAfter] < 5 {
		t.Errorf("%v", n)
	}
}

// TestWire: a request that fails has not come, one that loses its reply has.
func TestWire(t *testing.T) {
	came := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { came++ }))
	defer server.Close()
	f := New(Both(Nth("p", "wire.Sync", 0, Fails), Nth("p", "wire.Sync", 1, Loses), Nth("p", "wire.Sync", 3, DiesAfter)))
	client := &http.Client{Transport: Wire(f.Process("p", func() {}), http.DefaultTransport)}
	defer http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	for i, want := range []struct {
		came int
		ok   bool
	}{{0, false}, {1, false}, {2, true}, {3, false}, {3, false}} {
		resp, err := client.Get(server.URL + "/glovebox.node.v1.NodeService/Sync")
		if err == nil {
			resp.Body.Close()
		}
		if (err == nil) != want.ok || came != want.came {
			t.Errorf("request %d: %v, %d came", i, err, came)
		}
	}
}
