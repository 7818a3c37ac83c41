package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// emulator is DynamoDB Local. It listens to everybody who can reach it, so it
// runs in a network of its own that has a loopback and nothing else.
type emulator struct {
	cmd    *exec.Cmd
	net    netns.NsHandle
	client *sdk.Client
}

const emulatorPort = 18000

var (
	once   sync.Once
	shared *emulator
	why    string // it is not there
)

// TestMain ends the emulator with the tests.
func TestMain(m *testing.M) {
	code := m.Run()
	if shared != nil {
		shared.stop()
	}
	os.Exit(code)
}

// local is a client of the emulator, which all tests share, or skips the test.
func local(t testing.TB) *sdk.Client {
	t.Helper()
	once.Do(func() {
		jar, found := findEmulator()
		switch _, err := exec.LookPath("java"); {
		case !found:
			why = "DynamoDB Local is not here: scripts/dynamodb-local.sh fetches it"
		case err != nil:
			why = "DynamoDB Local needs java"
		case os.Geteuid() != 0:
			why = "a network of its own for DynamoDB Local needs root"
		default:
			e, err := startEmulator(jar)
			if err != nil {
				t.Fatal(err)
			}
			shared = e
		}
	})
	if shared == nil {
		if why == "" {
			t.Fatal("DynamoDB Local did not start")
		}
		t.Skip("skipped: " + why)
	}
	return shared.client
}

// findEmulator looks where the script puts it.
func findEmulator() (jar string, found bool) {
	dir := os.Getenv("GLOVEBOX_DYNAMODB_LOCAL")
	if dir == "" {
		dir, _ = filepath.Abs("../../.cache/dynamodb-local")
	}
	jar = filepath.Join(dir, "DynamoDBLocal.jar")
	_, err := os.Stat(jar)
	return jar, err == nil
}

func startEmulator(jar string) (*emulator, error) {
	dir := filepath.Dir(jar)
	e := &emulator{cmd: exec.Command("java", "-Xmx512m", "-jar", jar, "-inMemory", "-port", fmt.Sprint(emulatorPort), "-disableTelemetry")}
	e.cmd.Dir, e.cmd.Stderr = os.TempDir(), os.Stderr
	e.cmd.Env = append(os.Environ(), "LD_LIBRARY_PATH="+filepath.Join(dir, "DynamoDBLocal_lib"))
	// The thread that starts a child with Pdeathsig must not end before it.
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		e.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
		started <- e.cmd.Start()
		select {}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	if err := e.connect(); err != nil {
		e.stop()
		return nil, err
	}
	return e, nil
}

// connect raises the loopback of the emulator's network and waits for an answer.
func (e *emulator) connect() (err error) {
	if e.net, err = netns.GetFromPid(e.cmd.Process.Pid); err != nil {
		return err
	}
	h, err := netlink.NewHandleAt(e.net)
	if err != nil {
		return err
	}
	defer h.Close()
	lo, err := h.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := h.LinkSetUp(lo); err != nil {
		return err
	}
	transport := &http.Transport{DialContext: e.dial, MaxIdleConnsPerHost: 64}
	e.client = sdk.New(sdk.Options{
		Region: "local", BaseEndpoint: aws.String(fmt.Sprintf("http://127.0.0.1:%d", emulatorPort)),
		HTTPClient: &http.Client{Transport: transport},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "local", SecretAccessKey: "local"}, nil
		}),
	})
	for end := time.Now().Add(60 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		_, err := e.client.ListTables(context.Background(), &sdk.ListTablesInput{})
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

// dial connects within the emulator's network: a socket belongs to the network of
// the thread that makes it.
func (e *emulator) dial(ctx context.Context, network, address string) (net.Conn, error) {
	type answer struct {
		conn net.Conn
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		if err := netns.Set(e.net); err != nil {
			done <- answer{nil, err}
			return
		}
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		done <- answer{conn, err}
	}()
	a := <-done
	return a.conn, a.err
}

func (e *emulator) stop() {
	_ = e.cmd.Process.Kill()
	var exit *exec.ExitError
	if err := e.cmd.Wait(); err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, err)
	}
	if e.net.IsOpen() {
		_ = e.net.Close()
	}
}
