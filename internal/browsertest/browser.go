// Package browsertest lets tests look at pages in a headless Chromium: it
// opens them, waits for what they show, and fails the test for whatever a
// page must never do. It draws no conclusion from a picture: those are for
// people.
package browsertest

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// patience is how long a test may use a browser altogether, and wait how
// long it waits for a page to show something.
const (
	patience = 10 * time.Minute
	wait     = time.Minute
)

// Browser is a headless Chromium of one test.
type Browser struct{ ctx context.Context }

// Start starts a browser that ends with the test. It fails the test if there
// is none to start.
func Start(t testing.TB) *Browser {
	t.Helper()
	exe := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			exe = path
			break
		}
	}
	if exe == "" {
		t.Fatal("no Chromium to look at the page with: apt-get install chromium")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(exe), chromedp.NoSandbox, chromedp.DisableGPU)
	ctx, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, patience)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("start %s: %v", exe, err)
	}
	return &Browser{ctx: ctx}
}
