package images

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"glovebox"

	"github.com/google/go-containerregistry/pkg/authn"
)

// DefaultCredentials is the folder in which Docker's client keeps its config:
// $DOCKER_CONFIG, or ~/.docker.
func DefaultCredentials() string {
	if dir := os.Getenv("DOCKER_CONFIG"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".docker")
}

// dockerConfig is the part of Docker's config.json that is about credentials.
type dockerConfig struct {
	Auths       map[string]storedLogin `json:"auths"`
	CredHelpers map[string]string      `json:"credHelpers"`
	CredsStore  string                 `json:"credsStore"`
}

type storedLogin struct {
	Auth          string `json:"auth"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// credentialsFor looks a registry up in dir's config.json. A credential helper
// that it names is run only if a program of its name is in PATH; otherwise, and
// if there is nothing about the registry, the pull is anonymous.
func credentialsFor(ctx context.Context, dir, registry string) (authn.Authenticator, error) {
	if dir == "" {
		return authn.Anonymous, nil
	}
	raw, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return authn.Anonymous, nil // also: the home of a user we no longer are
	}
	var c dockerConfig
	if err == nil {
		err = json.Unmarshal(raw, &c)
	}
	if err != nil {
		return nil, glovebox.Errorf(glovebox.KindImageDenied, "read registry credentials in %s: %w", dir, err).
			Try("repair or remove config.json there")
	}
	for _, host := range aliases(registry) {
		helper, ok := c.CredHelpers[host]
		if !ok {
			helper = c.CredsStore
		}
		if login, found := runHelper(ctx, helper, host); found {
			return authn.FromConfig(login), nil
		}
		if stored, found := c.Auths[host]; found && stored != (storedLogin{}) {
			return stored.authenticator()
		}
	}
	return authn.Anonymous, nil
}

// aliases are the keys under which clients have stored a registry's login.
func aliases(registry string) []string {
	all := []string{registry, "https://" + registry, "https://" + registry + "/v1/", "https://" + registry + "/v2/"}
	if name, ok := strings.CutPrefix(registry, "index."); ok {
		all = append(all, name)
	}
	return all
}

func (s storedLogin) authenticator() (authn.Authenticator, error) {
	config := authn.AuthConfig{
		Username: s.Username, Password: s.Password, IdentityToken: s.IdentityToken, RegistryToken: s.RegistryToken,
	}
	if s.Auth != "" {
		plain, err := base64.StdEncoding.DecodeString(s.Auth)
		user, password, ok := strings.Cut(string(plain), ":")
		if err != nil || !ok {
			return nil, glovebox.Errorf(glovebox.KindImageDenied, "stored registry login is not readable").
				Try("log in to the registry again")
		}
		config.Username, config.Password = user, strings.TrimRight(password, "\x00")
	}
	return authn.FromConfig(config), nil
}

var helperName = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)

// runHelper asks a credential helper, if there is one, for a login.
func runHelper(ctx context.Context, helper, host string) (authn.AuthConfig, bool) {
	if !helperName.MatchString(helper) {
		return authn.AuthConfig{}, false
	}
	program, err := exec.LookPath("docker-credential-" + helper)
	if err != nil {
		return authn.AuthConfig{}, false
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, program, "get")
	cmd.Stdin, cmd.Stdout = strings.NewReader(host), &out
	var answer struct{ Username, Secret string }
	if cmd.Run() != nil || json.Unmarshal(out.Bytes(), &answer) != nil || answer.Secret == "" {
		return authn.AuthConfig{}, false
	}
	if answer.Username == "<token>" {
		return authn.AuthConfig{IdentityToken: answer.Secret}, true
	}
	return authn.AuthConfig{Username: answer.Username, Password: answer.Secret}, true
}
