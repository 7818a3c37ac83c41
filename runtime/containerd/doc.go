// Package containerd runs sandboxes through a private containerd: gVisor by
// the project's own shim, runc by containerd's stock one. It implements
// glovebox.Runtime, glovebox.Inventory and glovebox.ImageStore.
//
// containerd keeps the images' layers, the containers and the tasks. This
// package adds what a sandbox needs around them, under Config.Dir:
//
//	images/<hex>/            the image, mounted read-only once for all sandboxes
//	erofs/<hex>.erofs        the image again as one file, for gVisor
//	layers/                  the layers again, with shifted owners, for runc
//	sandboxes/<id>/          one folder for each sandbox, the first thing made
//	                         and the last removed
//	    sandbox.json         what was asked for
//	    parked.json          it was made before its job, and what it is called
//	                         outside of this folder
//	    started, limit       marks, written before the act they speak of
//	    exit.json            how it ended, once that was seen
//	    scratch/, root/      writable layer and (runc) root file system
//
// A sandbox of gVisor may be parked first (Park) and given its job later
// (Create with SandboxSpec.Parked): its folder is renamed then, and its
// container keeps the name that it was parked under. A claim and a Start go
// straight to the shim; they need no containerd.
//
// A Runtime keeps nothing in memory that is not found again there, in the
// kernel or in containerd, so it may be killed at any point. containerd may be
// killed too: calls wait for it to come back.
package containerd
