package api_test

import (
	"net/http"
	"strings"
	"testing"

	"glovebox"
	"glovebox/api"
	"glovebox/api/wire"
)

const tarType = "Content-Type: application/x-tar"

func TestImages(t *testing.T) {
	c := start(t)
	var list wire.ImageList
	c.want(c.do("GET", "/v1/images", ""), http.StatusOK, &list)
	if list.Images == nil || len(list.Images) != 0 {
		t.Errorf("%+v", list)
	}
	const name = "registry.example:5000/team/app:v1.2"
	c.want(c.do("POST", "/v1/images/import?name="+name, strings.Repeat("t", 10_000_000), "Content-Type: ", tarType), http.StatusOK, &list)
	if len(list.Images) != 1 || list.Images[0].Name != name || list.Images[0].Size != 10_000_000 || list.Images[0].Source != "import" {
		t.Errorf("%+v", list)
	}
	var img wire.Image
	c.want(c.do("POST", "/v1/images/pull", `{"name":"busybox"}`), http.StatusOK, &img)
	if img.Name != "busybox" || img.Source != "registry" {
		t.Errorf("%+v", img)
	}
	c.want(c.do("GET", "/v1/images", ""), http.StatusOK, &list)
	if len(list.Images) != 2 {
		t.Errorf("%+v", list)
	}
	c.want(c.do("DELETE", "/v1/images?name="+name, ""), http.StatusNoContent, nil)
	c.problem(c.do("DELETE", "/v1/images?name="+name, ""), glovebox.KindImageUnknown, "name")
}

// TestInspectImage: what an image says of itself, and a policy that can be given
// back as it is.
func TestInspectImage(t *testing.T) {
	c := start(t)
	c.want(c.do("POST", "/v1/images/pull", `{"name":"busybox"}`), http.StatusOK, nil)
	var found wire.ImageInspected
	c.want(c.do("GET", "/v1/images/inspect?name=busybox", ""), http.StatusOK, &found)
	if found.Image.Name != "busybox" || found.Entrypoint[0] != "python3" || found.Listens[0] != "8080/tcp" || found.Managers[0] != "pip" || found.User != "app" {
		t.Errorf("%+v", found)
	}
	if p, err := found.Policy.Policy().Complete(); err != nil || len(p.Egress) != 1 || p.Egress[0].Domain != "pypi.org" {
		t.Errorf("%+v, %v", p, err)
	}
	c.problem(c.do("GET", "/v1/images/inspect?name=none", ""), glovebox.KindImageUnknown, "name")
}

func TestImageRefusals(t *testing.T) {
	c := start(t)
	long := strings.Repeat("a", 1025)
	c.problem(c.do("GET", "/v1/images/inspect", ""), glovebox.KindInvalid, "name")
	c.problem(c.do("GET", "/v1/images/inspect?name="+long, ""), glovebox.KindInvalid, "name")
	c.problem(c.do("GET", "/v1/images/inspect?image=a", ""), glovebox.KindUnknownField, "image")
	c.problem(c.do("DELETE", "/v1/images", ""), glovebox.KindInvalid, "name")
	c.problem(c.do("DELETE", "/v1/images?name=a&name=b", ""), glovebox.KindDuplicateField, "name")
	c.problem(c.do("DELETE", "/v1/images?name="+long, ""), glovebox.KindInvalid, "name")
	c.problem(c.do("POST", "/v1/images/import?name="+long, "x", "Content-Type: ", tarType), glovebox.KindInvalid, "name")
	c.problem(c.do("POST", "/v1/images/import?tag=x", "x", "Content-Type: ", tarType), glovebox.KindUnknownField, "tag")
	c.problem(c.do("POST", "/v1/images/pull", `{}`), glovebox.KindInvalid, "name")
	c.problem(c.do("POST", "/v1/images/pull", `{"name":"`+long+`"}`), glovebox.KindInvalid, "name")
	c.problem(c.do("POST", "/v1/images/pull", `{"image":"a"}`), glovebox.KindUnknownField, "image")
	c.problem(c.do("POST", "/v1/images/pull?x=y", `{"name":"a"}`), glovebox.KindUnknownField, "x")
}

func TestPullEvents(t *testing.T) {
	c := start(t)
	for i := range 50 {
		c.Images.Progress = append(c.Images.Progress, api.PullProgress{Phase: "fetch", Done: int64(i), Total: 49})
	}
	a := c.do("POST", "/v1/images/pull", `{"name":"busybox"}`, "Accept: text/event-stream")
	c.want(a, http.StatusOK, nil)
	events := parseEvents(t, a.body)
	last, before := events[len(events)-1], events[len(events)-2]
	if last.name != "image" || before.name != "progress" || !strings.Contains(before.data, `"done":49`) {
		t.Errorf("%s", a.body)
	}
	c.doc.validate(t, "/components/schemas/Image", []byte(last.data))
	c.doc.validate(t, "/components/schemas/PullProgress", []byte(before.data))

	c.Images.Fail(func(string) error { return glovebox.Errorf(glovebox.KindTagUnknown, "no such tag") })
	a = c.do("POST", "/v1/images/pull", `{"name":"busybox:9"}`, "Accept: text/event-stream")
	events = parseEvents(t, a.body)
	if len(events) != 1 || events[0].name != "error" {
		t.Fatalf("%s", a.body)
	}
	c.doc.validate(t, "/components/schemas/Problem", []byte(events[0].data))
}
