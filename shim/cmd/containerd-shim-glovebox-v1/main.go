package main

import (
	_ "github.com/containerd/containerd/api/runtime/task/v3"
	_ "github.com/containerd/containerd/v2/client"
	_ "github.com/containerd/ttrpc"
	_ "gvisor.dev/gvisor/runsc/cli"
	_ "gvisor.dev/gvisor/runsc/cmd"
	_ "gvisor.dev/gvisor/runsc/container"
)

func main() {}
