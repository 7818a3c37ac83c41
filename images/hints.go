package images

import (
	"cmp"
	"iter"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"glovebox"
)

// Hints are what an image lets one guess of what its jobs will need, before
// any has run. They are the image author's words and a list of well-known
// places: something to begin a policy with, never a reason to open anything.
type Hints struct {
	Command  []string              // that it runs by itself
	Listens  []string              // ports it says it listens at, such as "8080/tcp"; a sandbox lets nobody in
	Managers []string              // package managers in it, in order
	Egress   []glovebox.EgressRule // where these fetch from, by domain, in order
}

// Bounds of Hints.Listens, and of the names of files that are looked at.
const (
	maxListens   = 64
	maxHintFiles = 1 << 20
)

// HintsOf looks at an image's config and the names of the files in its layers.
func HintsOf(c v1.Config, files iter.Seq[string]) Hints {
	h := Hints{Command: append(slices.Clone(c.Entrypoint), c.Cmd...), Listens: listens(c.ExposedPorts)}
	found, system := map[string]bool{}, "debian"
	n := 0
	for name := range files {
		if n++; n > maxHintFiles {
			break
		}
		name = strings.TrimPrefix(path.Clean("/"+name), "/")
		if strings.HasPrefix(name, "usr/share/keyrings/ubuntu-archive-") || strings.HasPrefix(name, "etc/apt/trusted.gpg.d/ubuntu-") {
			system = "ubuntu"
		}
		if manager := managerOf(name); manager != "" {
			found[manager] = true
		}
	}
	h.Managers = slices.Sorted(maps.Keys(found))
	for _, manager := range h.Managers {
		if manager == "apt" {
			manager += " " + system
		}
		h.Egress = append(h.Egress, managerHosts[manager]...)
	}
	for i := range h.Egress {
		h.Egress[i].Name = h.Egress[i].Domain + ":" + strconv.Itoa(h.Egress[i].Port)
	}
	byName := func(a, b glovebox.EgressRule) int { return cmp.Compare(a.Name, b.Name) }
	slices.SortFunc(h.Egress, byName)
	h.Egress = slices.CompactFunc(h.Egress, func(a, b glovebox.EgressRule) bool { return a.Name == b.Name })
	return h
}

// listens are the exposed ports that make sense, in order.
func listens(ports map[string]struct{}) []string {
	var all []string
	for port := range ports {
		number, proto, ok := strings.Cut(port, "/")
		if !ok {
			proto = "tcp"
		}
		n, err := strconv.ParseUint(number, 10, 16)
		if err == nil && n > 0 && (proto == "tcp" || proto == "udp") {
			all = append(all, strconv.FormatUint(n, 10)+"/"+proto)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	return all[:min(len(all), maxListens)]
}

// managerOf is the package manager that a program is, "" if it is none.
func managerOf(name string) string {
	dir, base := path.Split(name)
	if !strings.HasSuffix(dir, "bin/") {
		return ""
	}
	switch base {
	case "apt-get", "apt":
		return "apt"
	case "pip", "pip3", "uv":
		return "pip"
	case "npm", "npx", "yarn", "pnpm":
		return "npm"
	case "gem", "bundle":
		return "gem"
	case "apk", "go", "cargo", "mvn", "composer", "conda":
		return base
	}
	return ""
}

func overTLS(domains ...string) (rules []glovebox.EgressRule) {
	for _, d := range domains {
		rules = append(rules, glovebox.EgressRule{Domain: d, Port: 443, Protocol: glovebox.EgressTLS})
	}
	return rules
}

func overHTTP(domains ...string) (rules []glovebox.EgressRule) {
	for _, d := range domains {
		rules = append(rules, glovebox.EgressRule{Domain: d, Port: 80, Protocol: glovebox.EgressHTTP, Methods: []string{"GET", "HEAD"}})
	}
	return rules
}

// managerHosts are where package managers fetch from unless told otherwise.
var managerHosts = map[string][]glovebox.EgressRule{
	"apt debian": overHTTP("deb.debian.org", "security.debian.org"),
	"apt ubuntu": overHTTP("archive.ubuntu.com", "security.ubuntu.com"),
	"apk":        overTLS("dl-cdn.alpinelinux.org"),
	"pip":        overTLS("pypi.org", "files.pythonhosted.org"),
	"conda":      overTLS("repo.anaconda.com", "conda.anaconda.org"),
	"npm":        overTLS("registry.npmjs.org"),
	"go":         overTLS("proxy.golang.org", "sum.golang.org"),
	"cargo":      overTLS("index.crates.io", "static.crates.io"),
	"gem":        overTLS("rubygems.org", "index.rubygems.org"),
	"mvn":        overTLS("repo.maven.apache.org"),
	"composer":   overTLS("repo.packagist.org"),
}
