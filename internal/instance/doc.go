// Package instance keeps one Glovebox's folder: where everything lies, who owns
// what, and that only one service uses it.
//
//	DIR/                  root, 0755       --data or GLOVEBOX_DATA
//	├── instance.json     root, 0644       Record
//	├── lock              root, 0600       held by `glovebox up` for life
//	├── receipt.pub       control, 0644    keys to check receipts with
//	├── run/              root, 0755       sockets and the pid of `up`
//	├── control/          control, 0700    store.db, blobs/, tmp/, docker/
//	├── agent/            root, 0700
//	├── containerd/       root, 0711       the private containerd
//	├── sandboxes/        root, 0711       what sandboxes are made of
//	└── shim/             root, 0700       state of the shim
//
// Control runs as a user of its own. Root never follows a path that this user
// could have bent: what lies at a place of this list is checked to be a real
// folder of the right owner before it is used, and refused otherwise.
package instance
