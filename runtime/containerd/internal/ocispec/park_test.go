package ocispec

import (
	"reflect"
	"testing"

	"glovebox"
	"glovebox/runtime/containerd/internal/imageroot"
)

// TestParkInterpreter: a parked interpreter has all that a usual job has, but for
// what a claim changes.
func TestParkInterpreter(t *testing.T) {
	l := glovebox.DefaultLimits()
	build := func() (*Sandbox, GVisorFiles) {
		return &Sandbox{
			Spec:    glovebox.SandboxSpec{ID: "x", Args: []string{"/usr/bin/python3"}, Env: []string{"A=1"}, Limits: l},
			Workdir: "/", Root: "/image", Cgroup: "/g/x", Files: 100, User: imageroot.User{UID: 5, GID: 6, Home: "/home/five"},
		}, GVisorFiles{Rootfs: "/file", Scratch: "/scratch", Report: "/report"}
	}
	s, files := build()
	job, parked := Build(*s), Build(*s)
	GVisor(job, files, l, 0)
	GVisor(parked, files, l, 0)
	ParkInterpreter(parked, "python3")
	if a := parked.Annotations; a[annotationPark] != "true" || a[annotationInterpreter] != "python3" || a[annotationReport] != "" ||
		a[annotationScratch] != job.Annotations[annotationScratch] || a[annotationRootfs] != job.Annotations[annotationRootfs] {
		t.Errorf("%v", a)
	}
	if r := parked.Linux.Resources; *r.Memory.Limit != parkedMemory || *r.CPU.Shares != parkedShares || r.CPU.Quota != nil || *r.Pids.Limit != *job.Linux.Resources.Pids.Limit {
		t.Errorf("%+v", r)
	}
	parked.Annotations, parked.Linux.Resources = job.Annotations, job.Linux.Resources
	if !reflect.DeepEqual(parked, job) {
		t.Errorf("%+v\nwant %+v", parked, job)
	}
}

// TestEnvironment: what a runtime would add itself is there.
func TestEnvironment(t *testing.T) {
	for _, tt := range []struct{ env, want []string }{
		{nil, []string{"PATH=" + imageroot.DefaultPath, "HOME=/root"}},
		{[]string{"A=1", "HOME="}, []string{"A=1", "HOME=", "PATH=" + imageroot.DefaultPath}},
		{[]string{"PATH=/x", "HOME=/y"}, []string{"PATH=/x", "HOME=/y"}},
		{[]string{"PATHS=/x"}, []string{"PATHS=/x", "PATH=" + imageroot.DefaultPath, "HOME=/root"}},
	} {
		if got := environment(tt.env, "/root"); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%q: %q, want %q", tt.env, got, tt.want)
		}
	}
}
