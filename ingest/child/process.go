package child

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"time"

	"github.com/flipmeter/flipmeter/ingest"
)

// process is a running child with its pipes.
type process struct {
	cmd  *exec.Cmd
	in   *os.File // its standard input
	out  *os.File // its standard output
	pid  int
	done chan struct{} // closed when it is gone
	// err is how it ended; to be read once done is closed.
	err  error
	logs chan struct{} // closed when all it wrote on standard error is read
	// words is the first line of that; to be read once logs is closed.
	words string
}

// passed are the variables that a child is given: what the loader, the
// certificates and the clock need, and nothing that could be a secret.
var passed = [...]string{"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR",
	"OPENCV_FFMPEG_LOGLEVEL", "OPENCV_LOG_LEVEL", "OPENCV_VIDEOIO_DEBUG", "GOCOVERDIR"}

func startProcess(cfg Config) (_ *process, err error) {
	if len(cfg.Command) == 0 {
		return nil, errors.New("BUG: no command given")
	}
	var files []*os.File
	defer func() {
		if err != nil {
			for _, f := range files {
				_ = f.Close() // the error that matters is there already
			}
		}
	}()
	pipe := func() (r, w *os.File) {
		if err == nil {
			if r, w, err = os.Pipe(); err == nil {
				files = append(files, r, w)
			}
		}
		return r, w
	}
	inR, inW := pipe()
	outR, outW := pipe()
	errR, errW := pipe()
	if err != nil {
		return nil, err
	}
	// It is ended by stop, in its own time, and not by a context.
	cmd := exec.CommandContext(context.Background(), cfg.Command[0], cfg.Command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = inR, outW, errW
	// Two are enough: one decodes, the other says that it lives.
	cmd.Env = append([]string{"GOMAXPROCS=2"}, cfg.Env...)
	for _, name := range passed {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	cmd.SysProcAttr = attributes(cfg)
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for _, f := range []*os.File{inR, outW, errW} {
		_ = f.Close() // the child has its own
	}
	if err := standBack(cmd.Process.Pid); err != nil { // it decodes as well without
		cfg.Logger.Debug("a decoding process keeps its priority", "stream", cfg.Request.Stream, "error", err)
	}
	p := &process{cmd: cmd, in: inW, out: outR, pid: cmd.Process.Pid, done: make(chan struct{}), logs: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	go func() {
		defer close(p.logs)
		log := cfg.Logger.With("component", "decode", "stream", cfg.Request.Stream, "pid", p.pid)
		p.words = logLines(errR, log, cfg.Request.Address)
	}()
	return p, nil
}

// logLines passes on what the child writes on standard error: the last words
// of a crash, as a rule. Credentials of the address are taken out. It returns
// the first line.
func logLines(r *os.File, log *slog.Logger, address string) (first string) {
	defer r.Close()
	const atMost = 20 // lines; the rest of a stack trace is of no use
	lines := bufio.NewScanner(r)
	for n := 0; lines.Scan(); n++ {
		if n >= atMost {
			continue
		}
		line := ingest.RedactText(lines.Text(), address)
		if n == 0 {
			first = line
		}
		log.Warn("the decoding process said something", "said", line)
	}
	_, _ = io.Copy(io.Discard, r) // a line too long for the scanner
	return first
}

// stop ends the process: it is asked, then killed, and waited for.
func (p *process) stop() error {
	inErr := p.in.Close()
	if !p.gone(grace) {
		_ = p.cmd.Process.Kill() // fails only where it is gone
	}
	<-p.done
	<-p.logs
	return errors.Join(inErr, p.out.Close())
}

// gone waits for the process at most so long.
func (p *process) gone(timeout time.Duration) bool {
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case <-p.done:
		return true
	case <-t.C:
		return false
	}
}

// epitaph says how a process ended that is gone, or about to be.
func (p *process) epitaph(timeout time.Duration) string {
	if !p.gone(timeout) {
		return "its pipe is closed"
	}
	<-p.logs
	text := p.cmd.ProcessState.String()
	if p.words != "" {
		text += ", " + p.words
	}
	return text
}
