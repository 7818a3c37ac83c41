package ocispec

import specs "github.com/opencontainers/runtime-spec/specs-go"

// Link puts what the specification is of into the network namespace at path,
// instead of an empty one of its own. Nothing changes with an empty path.
func Link(s *specs.Spec, path string) {
	if path == "" {
		return
	}
	for i := range s.Linux.Namespaces {
		if s.Linux.Namespaces[i].Type == specs.NetworkNamespace {
			s.Linux.Namespaces[i].Path = path
		}
	}
}
