// Package e2e looks at Glovebox from outside: the built binaries, real
// containerd, real gVisor. `make test` runs it; `go test ./e2e -run Name` one
// case, after `make build`.
package e2e
