package rival

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"glovebox"
)

// lanes is how many jobs of one rival may run at a time. Each has a bundle and
// a control group of its own.
const lanes = 8

// bundles writes what program's `spec` proposes, with the image's job and root
// and a job's limits, and returns the folder of each lane.
func (g *Ground) bundles(program, name string, img Image) ([]string, error) {
	var dirs []string
	for lane := range lanes {
		dir := filepath.Join(g.dir, "bundles", fmt.Sprintf("%s-%s-%d", name, img.Name, lane))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		if out, err := exec.Command(program, "spec", "--bundle", dir).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%s spec: %w: %s", program, err, out)
		}
		path := filepath.Join(dir, "config.json")
		if err := fill(path, img, fmt.Sprintf("/%s-%s-%s-%d", g.prefix, name, img.Name, lane)); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		dirs = append(dirs, dir)
	}
	return dirs, nil
}

func fill(path string, img Image, group string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var s map[string]any
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	process, ok := s["process"].(map[string]any)
	if !ok {
		return fmt.Errorf("there is no process in it")
	}
	process["args"], process["terminal"], process["env"] = img.Args, false, []string{"PATH=" + img.Path}
	s["root"] = map[string]any{"path": img.Rootfs, "readonly": true}
	linux, ok := s["linux"].(map[string]any)
	if !ok {
		return fmt.Errorf("there is no linux in it")
	}
	d := glovebox.DefaultLimits()
	linux["resources"] = map[string]any{
		"memory": map[string]any{"limit": d.Memory}, "pids": map[string]any{"limit": d.Pids},
		"cpu": map[string]any{"quota": int64(d.CPUs * 100_000), "period": 100_000},
	}
	linux["cgroupsPath"] = group
	if data, err = json.Marshal(s); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
