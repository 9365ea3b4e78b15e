package child

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/frame"
	"github.com/flipmeter/flipmeter/ingest"
	"github.com/flipmeter/flipmeter/ingest/ingesttest"
	"github.com/flipmeter/flipmeter/ingest/synth"
)

// childVariable set makes this test binary a child.
const childVariable = "FLIPMETER_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		if err := Serve(context.Background(), os.Stdin, os.Stdout, openForTest); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// openForTest opens made-up footage, or what a fault's address asks for.
func openForTest(ctx context.Context, r Request, pool *frame.Pool) (ingest.Source, error) {
	fault, rest, _ := strings.Cut(r.Address, "+")
	switch fault {
	case "refuse":
		return nil, fmt.Errorf("open %s: it wants no visitors", r.Address)
	case "permanent":
		return nil, fmt.Errorf("open: no such filter: %w", ingest.ErrPermanent)
	case "garbage":
		fmt.Fprint(os.Stdout, "what a library prints\n")
	}
	address := r.Address
	if rest != "" {
		address = rest
	}
	src, err := synth.Open(ctx, synth.Config{Address: address, Wants: r.Wants, Pool: pool, Region: r.Region})
	return &faulty{Source: src, fault: fault}, err
}

type faulty struct {
	ingest.Source
	fault string
	n     int
}

func (f *faulty) Read(ctx context.Context, into *frame.Frame) error {
	if f.n++; f.n == 5 {
		switch f.fault {
		case "segv":
			_ = syscall.Kill(os.Getpid(), syscall.SIGSEGV)
			select {}
		case "never":
			select {}
		}
	}
	return f.Source.Read(ctx, into)
}

func config(t testing.TB, address string, pool *frame.Pool) Config {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		// The race detector sleeps for a second at the end of a process.
		Command: []string{exe}, Env: []string{childVariable + "=1", "GORACE=atexit_sleep_ms=0"}, Pool: pool,
		Silence: time.Minute, // a busy machine is no hang
		Request: Request{Address: address, Stream: "test", Wants: ingesttest.Wants()},
	}
}

func start(t *testing.T, address string) *Source {
	t.Helper()
	pool := new(frame.Pool)
	src, err := Start(t.Context(), config(t, address, pool))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		if n := pool.Outstanding(); n != 0 {
			t.Errorf("%d buffers of the pool were not given back", n)
		}
	})
	return src
}

// readTo reads until the source fails, with patience.
func readTo(t *testing.T, src *Source) (frames int, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var f frame.Frame
	defer f.Release()
	for {
		if err := src.Read(ctx, &f); err != nil {
			return frames, err
		}
		frames++
	}
}

func TestIsASource(t *testing.T) {
	ingesttest.TestSource(t, func(t *testing.T, pool *frame.Pool) ingest.Source {
		src, err := Start(t.Context(), config(t, "synth:square?frames=20&size=96x64&gap=7&repeat=5", pool))
		if err != nil {
			t.Fatal(err)
		}
		return src
	})
}

// What comes out of a child is what the source in it gives.
func TestSameAsWithoutAChild(t *testing.T) {
	const address = "synth:square?frames=30&size=96x64&gap=7&repeat=5&resize=11"
	pool := new(frame.Pool)
	region := ingest.Region{X: 4, Y: 2, Width: 40, Height: 29}
	plain, err := synth.Open(t.Context(), synth.Config{Address: address, Wants: ingesttest.Wants(), Pool: pool, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	cfg := config(t, address, pool)
	cfg.Request.Region = region
	src, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if a, b := plain.Info(), src.Info(); fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("info\n%+v\nwant\n%+v", b, a)
	}
	var a, b frame.Frame
	for i := 0; ; i++ {
		errA, errB := plain.Read(t.Context(), &a), src.Read(t.Context(), &b)
		if errA != nil || errB != nil {
			if !errors.Is(errA, ingest.ErrEndOfStream) || !errors.Is(errB, ingest.ErrEndOfStream) || i != 30 {
				t.Errorf("after %d frames: %v and %v", i, errA, errB)
			}
			break
		}
		if b.CapturedAt.IsZero() {
			t.Error("no time of capture")
		}
		b.CapturedAt = time.Time{}
		if x, y := fmt.Sprintf("%+v", a), fmt.Sprintf("%+v", b); x != y {
			t.Fatalf("frame %d\n%.300s\nwant\n%.300s", i, y, x)
		}
	}
	a.Release()
	b.Release()
}

func TestCrash(t *testing.T) {
	src := start(t, "segv+synth:square?frames=20")
	n, err := readTo(t, src)
	if n != 4 || ingest.CauseOf(err, "") != ingest.CauseCrash || !strings.Contains(err.Error(), "SIGSEGV: segmentation violation") {
		t.Errorf("%d frames, cause %s: %v", n, ingest.CauseOf(err, ""), err)
	}
}

func TestReadThatNeverReturns(t *testing.T) {
	src := start(t, "never+synth:square?frames=20")
	var f frame.Frame
	for range 4 {
		if err := src.Read(t.Context(), &f); err != nil {
			t.Fatal(err)
		}
	}
	f.Release()
	want := errors.New("enough")
	// Longer than a sign of life takes: those must not be taken for frames.
	ctx, cancel := context.WithTimeoutCause(t.Context(), aliveEvery+aliveEvery/2, want)
	defer cancel()
	if err := src.Read(ctx, &f); !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
	if err := src.Close(); err != nil { // it does not listen, and is killed
		t.Error(err)
	}
	if alive(src.PID()) {
		t.Error("the process is still there")
	}
}

// One of several is stopped in its tracks; the others notice nothing.
func TestStoppedProcessIsNoticed(t *testing.T) {
	const n = 4
	var sources [n]*Source
	for i := range sources {
		cfg := config(t, "synth:square?frames=1000000&size=48x48", new(frame.Pool))
		if i == 0 {
			cfg.Silence = 5 * time.Second
		}
		src, err := Start(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		sources[i] = src
	}
	if err := syscall.Kill(sources[0].PID(), syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	_, err := readTo(t, sources[0])
	if ingest.CauseOf(err, "") != ingest.CauseHang {
		t.Errorf("cause %s: %v", ingest.CauseOf(err, ""), err)
	}
	if err := sources[0].Close(); err != nil {
		t.Error(err)
	}
	if alive(sources[0].PID()) {
		t.Error("the stopped process is still there")
	}
	for _, src := range sources[1:] {
		var f frame.Frame
		for i := range uint64(50) {
			if err := src.Read(t.Context(), &f); err != nil || f.Seq != i {
				t.Fatalf("another one: frame %d, %v", f.Seq, err)
			}
		}
		f.Release()
	}
}

// What is decoded must also be classified: the parent goes first.
func TestStandsBackBehindItsParent(t *testing.T) {
	src, err := Start(t.Context(), config(t, "synth:square?frames=1000000&size=48x48", new(frame.Pool)))
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var f frame.Frame
	defer f.Release()
	if err := src.Read(t.Context(), &f); err != nil {
		t.Fatal(err)
	}
	own := niceOf(t, "/proc/self/stat")
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", src.PID()))
	if err != nil || len(threads) < 2 {
		t.Fatalf("threads %v, %v", threads, err)
	}
	for _, thread := range threads {
		if got := niceOf(t, thread); got != min(own+10, 19) {
			t.Errorf("%s has the nice value %d, its parent %d", thread, got, own)
		}
	}
}

func niceOf(t *testing.T, stat string) int {
	t.Helper()
	text, err := os.ReadFile(stat)
	if err != nil {
		t.Fatal(err)
	}
	_, fields, _ := strings.Cut(string(text), ") ")
	n, err := strconv.Atoi(strings.Fields(fields)[16]) // counted from the one after the name
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// alive says whether a process exists, zombies included.
func alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

func TestRefusals(t *testing.T) {
	for address, want := range map[string]string{
		"refuse":              "it wants no visitors",
		"permanent":           "no such filter",
		"synth:nothing":       "unknown pattern",
		"garbage+synth:still": "does not keep to the protocol",
	} {
		pool := new(frame.Pool)
		_, err := Start(t.Context(), config(t, address, pool))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want something about %q", address, err, want)
		}
		if got := errors.Is(err, ingest.ErrPermanent); got != (address == "permanent") {
			t.Errorf("%s: permanent %v", address, got)
		}
	}
	cfg := config(t, "synth:still", new(frame.Pool))
	cfg.Command = []string{filepath.Join(t.TempDir(), "missing")}
	if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "start a decoding process") {
		t.Error(err)
	}
	cfg = config(t, "synth:still", new(frame.Pool))
	cfg.Env = nil
	cfg.Command = []string{"/bin/false"}
	if _, err := Start(t.Context(), cfg); ingest.CauseOf(err, "") != ingest.CauseCrash || !strings.Contains(err.Error(), "exit status 1") {
		t.Error(err)
	}
}

// The address, which may hold a password, is not where other users can see
// it, nor in what goes wrong.
func TestSecretsStaySecret(t *testing.T) {
	const secret = "kanarienvogel"
	t.Setenv("FLIPMETER_CAMERAS_DOOR_PASSWORD", secret)
	src := start(t, "synth:square?frames=20") // its environment is that of any child
	for _, name := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(src.PID()), name))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), secret) || strings.Contains(string(text), "synth:") {
			t.Errorf("%s: %q", name, text)
		}
	}
	_, err := Start(t.Context(), config(t, "refuse://user:"+secret+"@host/path?token="+secret, new(frame.Pool)))
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("the error is %v", err)
	}
}

// A thousand attempts that fail leave no memory, goroutine, descriptor or
// process behind: what a camera that is away for a day amounts to.
func TestFailedOpeningsLeaveNothing(t *testing.T) {
	const (
		attempts = 1000
		warmUp   = 100 // the first ones open what stays open, such as the runtime's poller
		atOnce   = 4
		megabyte = 1 << 20
	)
	type left struct{ files, goroutines, bytes int }
	count := func() left {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		runtime.GC()
		runtime.GC() // what pools keep goes with the second
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return left{len(entries), runtime.NumGoroutine(), int(m.HeapAlloc)}
	}
	pool := new(frame.Pool)
	try := func(n int) {
		t.Helper()
		var wg sync.WaitGroup
		for worker := range atOnce {
			wg.Go(func() {
				for i := range n / atOnce {
					address := "refuse"
					if (i+worker)%10 == 0 { // it opens, and breaks off
						address = "segv+synth:square?frames=3&size=48x48"
					}
					src, err := Start(t.Context(), config(t, address, pool))
					if err == nil {
						_, _ = readTo(t, src)
						err = src.Close()
					}
					if address == "refuse" && (err == nil || !strings.Contains(err.Error(), "no visitors")) {
						t.Errorf("attempt %d: %v", i, err)
					}
				}
			})
		}
		wg.Wait()
	}
	try(warmUp)
	before := count()
	try(attempts)
	after := count()
	for deadline := time.Now().Add(20 * time.Second); after.goroutines > before.goroutines && time.Now().Before(deadline); after = count() {
		time.Sleep(20 * time.Millisecond) // who said that it is done may still be leaving
	}
	if after.files > before.files || after.goroutines > before.goroutines || after.bytes > before.bytes+megabyte {
		t.Errorf("%+v before, %+v after %d attempts", before, after, attempts)
	}
	if n := pool.Outstanding(); n != 0 {
		t.Errorf("%d buffers were not given back", n)
	}
	tasks, err := filepath.Glob("/proc/self/task/*/children")
	if err != nil || len(tasks) == 0 {
		t.Fatalf("no list of processes: %v", err)
	}
	for _, task := range tasks {
		if children, err := os.ReadFile(task); err == nil && len(strings.TrimSpace(string(children))) > 0 {
			t.Errorf("processes left: %s", children)
		}
	}
}

// A child whose parent is gone ends by itself.
func TestOrphanEnds(t *testing.T) {
	src := start(t, "synth:square?frames=1000000")
	if err := src.proc.in.Close(); err != nil {
		t.Fatal(err)
	}
	// It may be in the middle of a frame that nobody takes.
	if err := src.proc.out.Close(); err != nil {
		t.Fatal(err)
	}
	if !src.proc.gone(time.Minute) {
		t.Error("it goes on")
	}
	_ = src.Close() // its pipes are closed already
	src.closed = true
}
