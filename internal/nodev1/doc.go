// Package nodev1 is the wire form of the agent protocol, generated from
// node.proto; the comments there are the protocol's description.
package nodev1

//go:generate sh -c "go build -o ../../.cache/gen/ google.golang.org/protobuf/cmd/protoc-gen-go connectrpc.com/connect/cmd/protoc-gen-connect-go && PATH=$PWD/../../.cache/gen:$PATH protoc --go_out=. --go_opt=paths=source_relative --connect-go_out=. --connect-go_opt=paths=source_relative node.proto"
