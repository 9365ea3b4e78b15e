package desk

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flipmeter/flipmeter/alerts"
	"github.com/flipmeter/flipmeter/alerts/dispatch"
	"github.com/flipmeter/flipmeter/alerts/webhook"
	"github.com/flipmeter/flipmeter/stability"
)

// Set for the process that is killed: where its webhook and its state are.
const (
	victimHook = "FLIPMETER_TEST_DESK_HOOK"
	victimDir  = "FLIPMETER_TEST_DESK_DIR"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(victimHook); url != "" {
		if err := victim(url, os.Getenv(victimDir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// victim alerts on a camera whose value stands on its standard input, a line
// each.
func victim(url, dir string) error {
	hook, err := webhook.New(webhook.Config{URL: url})
	if err != nil {
		return err
	}
	fire := 0.05
	d, err := New(Config{
		Rules: []alerts.Rule{{Name: "Flicker", Metric: "unexplained_fraction", Window: time.Second, FireAbove: &fire}},
		Dir:   dir, Lanes: []dispatch.Lane{{Name: "hook", Receiver: hook, RemindEvery: time.Hour}},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	d.Health("gate", "up")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		w := stability.Window{Width: time.Second, Pairs: 100}
		if lines.Text() == "flicker" {
			w.UnexplainedFraction = 1
		}
		d.Window("gate", &w)
	}
	cancel()
	return <-done
}

// The process is killed as soon as it told of something. What it told may be
// told again by the next, in the same order, but it is one alert with one end.
func TestKilledProcess(t *testing.T) {
	var mu sync.Mutex
	var heard []string
	arrived := make(chan alerts.State, 64)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var b webhook.Body
		if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, a := range b.Alerts {
			heard = append(heard, fmt.Sprintf("%s %s #%d", a.ID, a.State, a.Revision))
			arrived <- a.State
		}
	}))
	defer server.Close()
	dir := t.TempDir()

	begin := func() (cmd *exec.Cmd, in io.WriteCloser) {
		t.Helper()
		cmd = exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), victimHook+"="+server.URL, victimDir+"="+dir)
		cmd.Stderr = os.Stderr
		in, err := cmd.StdinPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		return cmd, in
	}
	// killed shows a process one value until it tells of a state.
	killed := func(value string, at alerts.State) {
		t.Helper()
		cmd, in := begin()
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		deadline := time.After(time.Minute)
		for told := alerts.State(""); told != at; {
			select {
			case told = <-arrived:
			case <-tick.C:
				_, _ = fmt.Fprintln(in, value) // it may have died
			case <-deadline:
				t.Errorf("not told within a minute: %s", at)
				told = at
			}
		}
		_ = cmd.Process.Kill()
		_ = in.Close()
		_ = cmd.Wait() // it was killed
	}
	killed("flicker", alerts.Firing)
	killed("quiet", alerts.Resolved)
	cmd, in := begin()
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}

	mu.Lock()
	defer mu.Unlock()
	ids := map[string]bool{}
	last := ""
	for _, line := range heard {
		id, state, _ := strings.Cut(line, " ")
		ids[id] = true
		last = state
	}
	if len(ids) != 1 || last != "resolved #1" {
		t.Errorf("heard %q, want one alert with one end", heard)
	}
}
