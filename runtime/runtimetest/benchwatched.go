package runtimetest

import (
	"testing"

	"glovebox"
)

// BenchWatched measures one look at a job that is watched: while it runs, and
// after its end, which its result waits for.
func BenchWatched(b *testing.B, n Node) {
	s := suite{n: n, img: NewImage(b), sys: n.Open(b)}
	if err := s.sys.EnsureImage(b.Context(), s.img.Image, s.img.Fetch); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name, script string
		over         bool
	}{{"running", "sleep 600", false}, {"ended", "true", true}} {
		b.Run(c.name, func(b *testing.B) {
			spec := s.spec("sh", "-c", c.script)
			spec.Watch = glovebox.WatchDefault
			j := s.newJob(b, spec, nil).start()
			if c.over {
				j.wait()
			}
			for b.Loop() {
				if _, err := s.sys.(glovebox.Watcher).Watched(b.Context(), j.spec.ID); err != nil {
					b.Fatal(err)
				}
			}
			j.destroy()
		})
	}
}
