package main

import (
	"context"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"glovebox"
	"glovebox/agent"
	"glovebox/internal/instance"
	"glovebox/internal/nodev1"
	"glovebox/internal/nodev1/nodev1connect"
	"glovebox/internal/supervise"
	"glovebox/internal/tracing"
)

// localNode is the name of the only node of a fleet of one.
const localNode = "local"

func (a *app) agentCommand() *cobra.Command {
	var f agentFlags
	cmd := &cobra.Command{
		Use: "agent", Short: "Make and destroy sandboxes (started by `glovebox up`)", Hidden: true, Args: takes(0, 0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.agent(cmd.Context(), f) },
	}
	f.define(cmd.Flags())
	f.pool.define(cmd.Flags())
	f.filter.define(cmd.Flags())
	cmd.Flags().StringVar(&f.bin, "bin", "", "folder of containerd, runsc and the shims")
	return cmd
}

type agentFlags struct {
	processFlags
	pool   poolFlags
	filter filterFlags
}

func (a *app) agent(ctx context.Context, f agentFlags) error {
	nameProcess()
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, os.Interrupt)
	defer stop()
	pool, err := f.pool.config()
	if err != nil {
		return err
	}
	layout, err := a.layout()
	if err != nil {
		return err
	}
	record, err := instance.Read(layout)
	if err != nil {
		return err
	}
	tools, err := findTools(f.bin)
	if err != nil {
		return err
	}
	rt, err := openRuntime(layout, record, tools)
	if err != nil {
		return err
	}
	defer rt.Close()
	log := newLog(a.stderr, f.format, f.debug, "")
	tracer, err := tracing.Open(ctx, tracing.Config{Process: nameAgent, Version: buildName(), Getenv: os.Getenv, Log: log})
	if err != nil {
		return err
	}
	defer closeTracer(tracer)
	network, stopNetwork, err := startNetwork(ctx, layout, record, f.filter, log)
	if err != nil {
		return err
	}
	defer stopNetwork() // after the agent, which closes what is open
	parker, _ := any(rt).(glovebox.Parker)
	ag, err := agent.New(agent.Config{
		Node: localNode, Dir: layout.Agent(), Client: nodeClient(layout.Node()),
		Runtime: tracer.Runtime(rt), Inventory: rt, Images: rt,
		Capacity: capacity(), Info: nodeInfo(tools), Log: log,
		Parker: parker, Watcher: rt, Pool: pool, Network: network,
	})
	if err != nil {
		return err
	}
	return ag.Run(ctx)
}

// nodeClient calls control at its socket. The first answer means that this node
// has told what it has and takes orders: it is ready.
func nodeClient(socket string) nodev1connect.NodeServiceClient {
	return &readyClient{NodeServiceClient: agent.Client(agent.UnixTransport(socket), "http://control")}
}

type readyClient struct {
	nodev1connect.NodeServiceClient
	once sync.Once
}

func (c *readyClient) Sync(ctx context.Context, r *connect.Request[nodev1.SyncRequest]) (*connect.Response[nodev1.SyncResponse], error) {
	answer, err := c.NodeServiceClient.Sync(ctx, r)
	if err == nil {
		c.once.Do(func() { _ = supervise.NotifyReady() }) // without it `up` starts us again
	}
	return answer, err
}

// machineMemory is the memory that this machine has, in bytes.
func machineMemory() int64 {
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return 4 << 30
	}
	return int64(info.Totalram) * int64(info.Unit)
}

// capacity is what jobs may use together: the memory that this machine has but
// for a part that the service and the page cache need. The agent takes what its
// pool may use from that.
func capacity() glovebox.Capacity {
	memory := machineMemory()
	memory -= min(memory/4, 2<<30)
	// An idle sandbox takes far less than its limit, so the number is bounded
	// by what one kernel keeps apart well rather than by memory.
	return glovebox.Capacity{Sandboxes: int64(max(8, 16*runtime.NumCPU())), Memory: memory}
}

func nodeInfo(t tools) agent.Info {
	return agent.Info{
		Version: buildName(), Kernel: kernelRelease(), Platform: "linux/" + runtime.GOARCH, Runtimes: runtimes(), RuntimeVersions: runtimeVersions(t),
	}
}

func kernelRelease() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}
