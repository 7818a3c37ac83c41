package machine

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// wanted are the modules that this machine's devices and Glovebox need. What
// they depend on comes with them.
var wanted = []string{
	"virtio_pci", "virtio_blk", "virtio_console", "virtio_rng",
	"overlay", "veth", "nf_tables", "nft_ct", "nft_limit", "nft_reject_inet", "nft_nat", "nft_masq",
}

// module is one that is to be loaded.
type module struct{ name, path string }

// resolve returns the wanted modules and their dependencies, in the order in
// which they can be loaded. A name without a file is built into the kernel.
func (k kernel) resolve() ([]module, error) {
	files := map[string]string{}
	err := filepath.WalkDir(k.modules, func(path string, d fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(filepath.Base(path), ".ko"); ok && err == nil {
			files[strings.ReplaceAll(name, "-", "_")] = path
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var order []module
	seen := map[string]bool{}
	var add func(name string) error
	add = func(name string) error {
		path, ok := files[name]
		if seen[name] || !ok {
			return nil
		}
		seen[name] = true
		needs, err := dependencies(path)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, n := range needs {
			if err := add(n); err != nil {
				return err
			}
		}
		order = append(order, module{name, path})
		return nil
	}
	for _, name := range wanted {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// dependencies reads what a module says about itself; the index that depmod
// would make is not in the package.
func dependencies(path string) ([]string, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	section := f.Section(".modinfo")
	if section == nil {
		return nil, fmt.Errorf("no .modinfo")
	}
	data, err := section.Data()
	if err != nil {
		return nil, err
	}
	var needs []string
	for field := range bytes.SplitSeq(data, []byte{0}) {
		if list, ok := strings.CutPrefix(string(field), "depends="); ok && list != "" {
			for name := range strings.SplitSeq(list, ",") {
				needs = append(needs, strings.ReplaceAll(name, "-", "_"))
			}
		}
	}
	return needs, nil
}
