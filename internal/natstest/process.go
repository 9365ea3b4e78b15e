package natstest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/sys/unix"
)

// processVariable makes a test binary a NATS server.
const processVariable = "FLIPMETER_TEST_NATS"

// Process is a NATS server with JetStream in a process of its own, which can
// be killed, and whose disk can be full. Tests end it by ending.
type Process struct {
	cfg processConfig
	cmd *exec.Cmd
	in  io.Closer
	url string
}

type processConfig struct {
	Dir  string `json:"dir"`
	Port int    `json:"port"`
	// FileLimit is the size in bytes that no file may exceed: a write beyond
	// it fails, as on a disk that is full. 0 is no limit.
	FileLimit uint64 `json:"file_limit"`
}

// ServeIfAsked runs a server in a process that StartProcess started, until it
// is told to end; in any other it does nothing. TestMain calls it first, and
// ends the process where it was asked.
func ServeIfAsked(in io.Reader, out io.Writer) (asked bool, err error) {
	text, asked := os.LookupEnv(processVariable)
	if !asked {
		return false, nil
	}
	return true, serve(text, in, out)
}

func serve(text string, in io.Reader, out io.Writer) error {
	var cfg processConfig
	if err := json.Unmarshal([]byte(text), &cfg); err != nil {
		return err
	}
	if cfg.FileLimit > 0 {
		if err := limitFiles(os.Getpid(), cfg.FileLimit); err != nil {
			return err
		}
	}
	awaitPort(cfg.Port)
	ns, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: cfg.Port, JetStream: true, StoreDir: cfg.Dir,
		DisableJetStreamBanner: true, NoSigs: true, NoLog: true,
	})
	if err != nil {
		return err
	}
	ns.Start()
	if !ns.ReadyForConnections(startTimeout) {
		return errors.New("the nats server did not get ready")
	}
	if _, err := fmt.Fprintln(out, ns.ClientURL()); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in) // until the test closes it, or is gone
	ns.Shutdown()
	ns.WaitForShutdown()
	return nil
}

// limitFiles sets the soft limit of a process's file sizes; 0 lifts it.
func limitFiles(pid int, bytes uint64) error {
	var limit unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_FSIZE, nil, &limit); err != nil {
		return err
	}
	if limit.Cur = bytes; bytes == 0 {
		limit.Cur = limit.Max
	}
	return unix.Prlimit(pid, unix.RLIMIT_FSIZE, &limit, nil)
}

// StartProcess runs a server in a process of its own, on a free loopback
// port. FileLimit is the size in bytes that none of its files may exceed, as
// if the disk was full then; 0 is no limit. The test binary's TestMain must
// call ServeIfAsked.
func StartProcess(t testing.TB, fileLimit uint64) *Process {
	t.Helper()
	p := &Process{cfg: processConfig{Dir: t.TempDir(), Port: server.RANDOM_PORT, FileLimit: fileLimit}}
	p.run(t)
	t.Cleanup(p.Kill)
	u, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(u.Host)
	if err == nil { // a restart must come back on the same port
		p.cfg.Port, err = strconv.Atoi(port)
	}
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *Process) run(t testing.TB) {
	t.Helper()
	text, err := json.Marshal(p.cfg)
	if err != nil {
		t.Fatal(err)
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p.cmd = exec.CommandContext(t.Context(), exe)
	p.cmd.Env = append(os.Environ(), processVariable+"="+string(text))
	p.cmd.Stderr = os.Stderr
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.in = in
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the nats server's process said nothing: %v (does TestMain call natstest.ServeIfAsked?)", err)
	}
	p.url = strings.TrimSpace(line)
}

// URL is where the server listens.
func (p *Process) URL() string { return p.url }

// Kill ends the server at once, as a crash of its machine would. It may be
// called again.
func (p *Process) Kill() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGKILL) // it may be gone
	_ = p.cmd.Wait()
	p.cmd = nil
}

// Stop ends the server in order.
func (p *Process) Stop(t testing.TB) {
	t.Helper()
	if err := p.in.Close(); err != nil {
		t.Error(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
	p.cmd = nil
}

// Restart runs a server that was ended again, with the same port and store.
func (p *Process) Restart(t testing.TB) {
	t.Helper()
	p.run(t)
}

// FreeDisk lifts the limit of the file sizes, also for restarts.
func (p *Process) FreeDisk(t testing.TB) {
	t.Helper()
	p.cfg.FileLimit = 0
	if err := limitFiles(p.cmd.Process.Pid, 0); err != nil {
		t.Fatal(err)
	}
}
