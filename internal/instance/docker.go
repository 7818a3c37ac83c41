package instance

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"

	"glovebox"
)

// GiveDockerConfig copies the registry passwords of a docker config.json into
// control's folder, as control cannot read a person's home. Only "auths" is
// copied: a credential helper would be a program of somebody's choice, run by
// control. An absent file removes what an earlier start copied.
func (i *Instance) GiveDockerConfig(path string) error {
	root, err := os.OpenRoot(i.Control())
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "open control's folder: %w", err)
	}
	defer root.Close()
	const name = "docker/config.json"
	if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return glovebox.Errorf(glovebox.KindInternal, "remove the old registry passwords: %w", err)
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "read the docker config: %w", err).On("--docker-config")
	}
	var config struct {
		Auths json.RawMessage `json:"auths,omitempty"`
	}
	if err := json.Unmarshal(b, &config); err != nil {
		return glovebox.Errorf(glovebox.KindInvalid, "%s is not a docker config: %w", path, err).On("--docker-config")
	}
	if len(config.Auths) == 0 {
		return nil
	}
	if b, err = json.Marshal(config); err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "write the registry passwords: %w", err)
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		_, err = f.Write(b)
		err = errors.Join(err, f.Chown(i.ControlUID, i.ControlUID), f.Close())
	}
	if err != nil {
		return glovebox.Errorf(glovebox.KindInternal, "write the registry passwords: %w", err)
	}
	return nil
}
