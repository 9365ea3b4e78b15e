package app_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flipmeter/flipmeter/app"
)

// The hardware's keys reach the options, and their defaults are the same
// with and without a file.
func TestHardwareFromConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flipmeter.yaml")
	for text, want := range map[string]app.Hardware{
		"": app.DefaultAnalyzeOptions().Hardware,
		"threads: 2\n    device: 1\n    memory_limit: 2GiB\n    engine_cache: /e\n    batch: 16\n    batch_delay: 20ms": {
			Threads: 2, Device: 1, MemoryLimit: 2 << 30, EngineCache: "/e", Batch: 16, BatchDelay: 20 * time.Millisecond,
		},
	} {
		if err := os.WriteFile(path, []byte("analyze:\n  model:\n    precision: fp32\n    "+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := app.OptionsFromConfig(path)
		if err != nil || o.Hardware != want || o.Precision != "fp32" {
			t.Errorf("%q: %+v, %v", text, o.Hardware, err)
		}
	}
}
