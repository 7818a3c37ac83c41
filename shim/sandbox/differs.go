package sandbox

import (
	"bytes"
	"encoding/json"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// differs names the first field in which two specifications ask for different
// things of what a program has from its start and cannot be changed later:
// its privileges and its mounts. It is empty if there is none.
func differs(a, b *specs.Spec) string {
	of, other := unchangeable(a), unchangeable(b)
	for i, field := range of {
		x, err := json.Marshal(field.value)
		y, err2 := json.Marshal(other[i].value)
		if err != nil || err2 != nil || !bytes.Equal(x, y) {
			return field.name
		}
	}
	return ""
}

type specField struct {
	name  string
	value any
}

func unchangeable(s *specs.Spec) []specField {
	var mounts []specs.Mount
	for _, m := range s.Mounts {
		if m.Type != noMount { // that is ours
			mounts = append(mounts, specs.Mount{Destination: m.Destination, Type: m.Type, Options: m.Options})
		}
	}
	var namespaces []specs.LinuxNamespaceType
	for _, n := range s.Linux.Namespaces {
		namespaces = append(namespaces, n.Type)
	}
	p := s.Process
	return []specField{
		{"root.readonly", s.Root.Readonly},
		{"process.user", p.User},
		{"process.capabilities", p.Capabilities},
		{"process.noNewPrivileges", p.NoNewPrivileges},
		{"process.rlimits", p.Rlimits},
		{"mounts", mounts},
		{"linux.namespaces", namespaces},
		{"linux.sysctl", s.Linux.Sysctl},
		{"linux.seccomp", s.Linux.Seccomp},
		{"linux.devices", s.Linux.Devices},
		{"linux.maskedPaths", s.Linux.MaskedPaths},
		{"linux.readonlyPaths", s.Linux.ReadonlyPaths},
	}
}
