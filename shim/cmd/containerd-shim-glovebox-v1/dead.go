package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	api "github.com/containerd/containerd/api/runtime/task/v3"
	"github.com/containerd/containerd/api/types"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"glovebox/shim/dead"
	"glovebox/shim/sandbox"
)

// deleteDead is "shim delete": containerd has lost the connection to a task's
// shim and wants the rest of that task gone. The shim may be running again by
// now and have removed it, or have never been dead; both are fine.
func deleteDead(args []string) error {
	fs := flag.NewFlagSet("delete", flag.ContinueOnError)
	id := fs.String("id", "", "container")
	namespace := fs.String("namespace", "", "containerd namespace")
	bundle := fs.String("bundle", "", "bundle directory")
	for _, unused := range []string{"address", "publish-binary", "socket"} {
		fs.String(unused, "", "not used")
	}
	fs.Bool("debug", false, "not used")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *bundle == "" {
		*bundle, _ = os.Getwd()
	}
	root, err := os.ReadFile(filepath.Join(*bundle, sandbox.RootFile))
	if err == nil {
		err = sandbox.CleanupDead(string(root), *namespace, *id)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("delete %s: %w", *id, err)
	}
	return printMessage(&api.DeleteResponse{ExitStatus: dead.Status, ExitedAt: timestamppb.New(time.Now())})
}

// printInfo answers containerd's question what kind of shim this is.
func printInfo() error {
	return printMessage(&types.RuntimeInfo{
		Name:    "dev.glovebox.v1",
		Version: &types.RuntimeVersion{Version: "1"},
	})
}

func printMessage(m proto.Message) error {
	data, err := proto.Marshal(m)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(data)
	return err
}
