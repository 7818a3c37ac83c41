package storetest

import (
	"context"
	"testing"
	"time"

	"glovebox"
)

func put(t testing.TB, s glovebox.Images, img glovebox.Image) {
	t.Helper()
	if err := s.PutImage(context.Background(), img); err != nil {
		t.Fatalf("put image %s: %v", img.Name, err)
	}
}

func testImages(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	names := func(tenant string) []string {
		t.Helper()
		images, err := s.Images(ctx, tenant)
		if err != nil {
			t.Fatal(err)
		}
		all := []string{}
		for _, img := range images {
			all = append(all, img.Tenant+"/"+img.Name+"@"+img.Digest)
		}
		return all
	}
	equal(t, "none", names(alice), []string{})
	for _, img := range []glovebox.Image{
		{Tenant: alice, Name: "b", Digest: "1"}, {Tenant: bob, Name: "b", Digest: "2"},
		{Tenant: alice, Name: "a", Digest: "3"}, {Tenant: alice, Name: "B", Digest: "4"},
	} {
		put(t, s, img)
	}
	equal(t, "alice's", names(alice), []string{"alice/B@4", "alice/a@3", "alice/b@1"})
	equal(t, "bob's", names(bob), []string{"bob/b@2"})
	equal(t, "all", names(glovebox.AnyTenant), []string{"alice/B@4", "alice/a@3", "alice/b@1", "bob/b@2"})

	put(t, s, glovebox.Image{Tenant: alice, Name: "b", Digest: "5"})
	equal(t, "after a replacement", names(glovebox.AnyTenant), []string{"alice/B@4", "alice/a@3", "alice/b@5", "bob/b@2"})
	img, err := s.Image(ctx, alice, "b")
	if err != nil || img.Digest != "5" {
		t.Fatalf("got %+v, %v", img, err)
	}

	for _, unknown := range [][2]string{{bob, "a"}, {alice, "c"}, {alice, ""}, {"", "b"}, {glovebox.AnyTenant, "b"}, {alice, "b "}} {
		_, err := s.Image(ctx, unknown[0], unknown[1])
		wantKind(t, err, glovebox.KindImageUnknown, "")
		wantKind(t, s.DeleteImage(ctx, unknown[0], unknown[1]), glovebox.KindImageUnknown, "")
	}
	if err := s.DeleteImage(ctx, alice, "b"); err != nil {
		t.Fatal(err)
	}
	wantKind(t, s.DeleteImage(ctx, alice, "b"), glovebox.KindImageUnknown, "")
	equal(t, "after a deletion", names(glovebox.AnyTenant), []string{"alice/B@4", "alice/a@3", "bob/b@2"})

	testImageEvents(t, s)
	wantKind(t, s.PutImage(ctx, glovebox.Image{Name: "b"}), glovebox.KindInvalid, "tenant")
	wantKind(t, s.PutImage(ctx, glovebox.Image{Tenant: glovebox.AnyTenant, Name: "b"}), glovebox.KindInvalid, "tenant")
	wantKind(t, s.PutImage(ctx, glovebox.Image{Tenant: alice}), glovebox.KindInvalid, "name")
}

// testImageRoundTrip: every field comes back, and nothing is shared.
func testImageRoundTrip(t *testing.T, s glovebox.Store) {
	ctx := context.Background()
	var given, want glovebox.Image
	fill(&given)
	fill(&want)
	given.Created = given.Created.In(time.FixedZone("far", 13*3600+11))
	put(t, s, given)
	given.Layers[0].Digest, given.Defaults.Env[0] = "spoilt", "spoilt"
	for range 2 {
		got, err := s.Image(ctx, want.Tenant, want.Name)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "read", got, want)
		got.Layers[0].Digest = "spoilt"
		images, err := s.Images(ctx, want.Tenant)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "listed", images, []glovebox.Image{want})
		images[0].Layers[0].Digest = "spoilt"
	}
}

// testImageEvents: what is told of a write is there if the write took effect,
// and only then.
func testImageEvents(t *testing.T, s glovebox.Store) {
	t.Helper()
	ctx := context.Background()
	told := func(target string) glovebox.AuditEvent {
		return glovebox.AuditEvent{Tenant: "images", At: time.Unix(1_800_000_000, 0), Action: "image.test", Target: target}
	}
	img := glovebox.Image{Tenant: "images", Name: "told"}
	if err := s.PutImage(ctx, img, told("put")); err != nil {
		t.Fatal(err)
	}
	wantKind(t, s.PutImage(ctx, img, glovebox.AuditEvent{Tenant: "images"}), glovebox.KindInvalid, "event.action")
	wantKind(t, s.DeleteImage(ctx, "images", "nothing", told("not deleted")), glovebox.KindImageUnknown, "")
	if err := s.DeleteImage(ctx, "images", "told", told("deleted")); err != nil {
		t.Fatal(err)
	}
	events, err := s.AuditEvents(ctx, glovebox.AuditFilter{Tenant: "images"})
	if err != nil {
		t.Fatal(err)
	}
	var targets []string
	for _, e := range events {
		targets = append(targets, e.Target)
	}
	equal(t, "told", targets, []string{"put", "deleted"})
}
