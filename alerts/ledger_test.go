package alerts

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func sayings(ns []Notice) string {
	var out []string
	for _, n := range ns {
		out = append(out, string(n.State))
	}
	return strings.Join(out, " ")
}

// desk is an engine with a ledger on one clock.
type desk struct {
	e *Engine
	l *Ledger
}

func (d *desk) see(sec int, v float64) []Notice {
	at := time.Duration(sec) * time.Second
	out := d.l.Take(noon.Add(at), d.e.Observe(at, "gate", window(v, 300)))
	return append(out, d.l.Tick(noon.Add(at))...)
}

func quickRule() Rule {
	r := validRule()
	r.For, r.KeepFiringFor = 0, 0
	return r
}

func TestLedger(t *testing.T) {
	silence := func(t *testing.T, d *desk, from, until int) string {
		t.Helper()
		s, err := d.l.Silence(noon.Add(time.Duration(from)*time.Second), Silence{Camera: "ga*", Until: noon.Add(time.Duration(until) * time.Second)})
		if err != nil {
			t.Fatal(err)
		}
		return s.ID
	}
	for name, f := range map[string]func(t *testing.T, d *desk) []string{
		"fires, reminds, resolves": func(t *testing.T, d *desk) []string {
			return []string{
				sayings(d.see(0, 1)), "firing", sayings(d.see(5, 1)), "", sayings(d.see(10, 1)), "firing",
				sayings(d.see(11, 0)), "resolved", sayings(d.see(12, 0)), "", sayings(d.see(13, 1)), "firing",
			}
		},
		"a silence hides a whole life": func(t *testing.T, d *desk) []string {
			silence(t, d, 0, 100)
			return []string{sayings(d.see(1, 1)), "", sayings(d.see(20, 1)), "", sayings(d.see(30, 0)), "", sayings(d.see(200, 0)), ""}
		},
		"what still fires is told when the silence ends": func(t *testing.T, d *desk) []string {
			silence(t, d, 0, 100)
			return []string{sayings(d.see(1, 1)), "", sayings(d.see(99, 1)), "", sayings(d.see(100, 1)), "firing", sayings(d.see(101, 0)), "resolved"}
		},
		"ending a silence by hand": func(t *testing.T, d *desk) []string {
			id := silence(t, d, 0, 100)
			got := []string{sayings(d.see(1, 1)), ""}
			if !d.l.EndSilence(noon.Add(2*time.Second), id) || d.l.EndSilence(noon.Add(2*time.Second), id) || d.l.EndSilence(noon, "other") {
				t.Error("ending silences")
			}
			return append(got, sayings(d.see(3, 1)), "firing")
		},
		"who was told that it fires is told that it is over": func(t *testing.T, d *desk) []string {
			got := []string{sayings(d.see(0, 1)), "firing"}
			silence(t, d, 1, 100)
			return append(got, sayings(d.see(15, 1)), "", sayings(d.see(16, 0)), "resolved", sayings(d.see(17, 1)), "")
		},
	} {
		d := &desk{newEngine(t, 10*time.Second, quickRule()), NewLedger()}
		steps := f(t, d)
		for i := 0; i < len(steps); i += 2 {
			if steps[i] != steps[i+1] {
				t.Errorf("%s: step %d tells %q, want %q", name, i/2, steps[i], steps[i+1])
			}
		}
	}
}

func TestNoticeTellsWhatHappened(t *testing.T) {
	d := &desk{newEngine(t, time.Minute, quickRule()), NewLedger()}
	fired := d.see(1, 0.07)[0]
	d.see(61, 0.08)
	over := d.see(90, 0.01)[0]
	if fired.ID == "" || fired.ID != over.ID || fired.Revision != 0 || over.Revision != 2 {
		t.Errorf("ids %s %s, revisions %d %d", fired.ID, over.ID, fired.Revision, over.Revision)
	}
	if !fired.StartsAt.Equal(noon.Add(time.Second)) || !over.StartsAt.Equal(fired.StartsAt) || !over.EndsAt.Equal(noon.Add(90*time.Second)) || !fired.EndsAt.IsZero() {
		t.Errorf("fired %+v\nover %+v", fired, over)
	}
	for _, c := range []struct{ got, want string }{
		{fired.Summary(), "gate: FlickerHigh, unexplained_fraction is 0.07, above 0.05 over 1m0s"},
		{over.Summary(), "gate: FlickerHigh is over, unexplained_fraction is 0.01, below 0.02 over 1m0s"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

// Whatever happens, restarts included: a firing is told at most once but for
// reminders, and resolved exactly once if it was told.
func TestLedgerInvariants(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 11))
		r := quickRule()
		r.For, r.KeepFiringFor = time.Duration(rng.IntN(3))*time.Second, time.Duration(rng.IntN(5))*time.Second
		remind := time.Duration(rng.IntN(3)) * 7 * time.Second
		d := &desk{newEngine(t, remind, r), NewLedger()}
		told := map[string][]Notice{}
		at, v := 0, 0.0
		for range 400 {
			at += 1 + rng.IntN(3)
			switch rng.IntN(25) {
			case 0:
				wall := noon.Add(time.Duration(at) * time.Second)
				if _, err := d.l.Silence(wall, Silence{Rule: "Flicker*", Until: wall.Add(time.Duration(1+rng.IntN(30)) * time.Second)}); err != nil {
					t.Fatal(err)
				}
			case 1: // a restart
				wall := noon.Add(time.Duration(at) * time.Second)
				engine, ledger := through(t, d.e.Snapshot(time.Duration(at)*time.Second, wall)), through(t, d.l.Snapshot())
				d = &desk{newEngine(t, remind, r), NewLedger()}
				if got := d.e.Restore(time.Duration(at)*time.Second, wall, engine); got != nil {
					t.Fatalf("seed %d: %s", seed, describe(got))
				}
				d.l.Restore(ledger)
			case 2, 3, 4:
				v = []float64{0, 0.03, 1}[rng.IntN(3)]
			}
			for _, n := range d.see(at, v) {
				told[n.ID] = append(told[n.ID], n)
			}
		}
		for id, ns := range told {
			for i, n := range ns {
				if n.Revision != i {
					t.Fatalf("seed %d: message %d of %s has revision %d", seed, i, id, n.Revision)
				}
				if (n.State == Resolved) != (n.EndsAt.After(n.StartsAt)) || n.State == Resolved && i != len(ns)-1 {
					t.Fatalf("seed %d: message %d of %d: %+v", seed, i, len(ns), n)
				}
				// The first may be late, told when a silence ended.
				if i > 1 && n.State == Firing && n.At.Sub(ns[i-1].At) < remind {
					t.Fatalf("seed %d: told again after %s", seed, n.At.Sub(ns[i-1].At))
				}
				if n.State == Firing && d.l.Silenced(n.At, n.Camera, n.Rule) {
					t.Fatalf("seed %d: told %+v under a silence", seed, n)
				}
			}
			open := len(d.l.Alerts(noon.Add(time.Duration(at) * time.Second)))
			if last := ns[len(ns)-1]; last.State == Firing && open == 0 {
				t.Fatalf("seed %d: %s was never resolved", seed, id)
			}
		}
	}
}

func TestSilenceValidate(t *testing.T) {
	for name, c := range map[string]struct {
		s    Silence
		want string
	}{
		"any":      {Silence{Until: noon.Add(time.Hour)}, ""},
		"bracket":  {Silence{Camera: `[a\`, Until: noon.Add(time.Hour)}, ""},
		"past":     {Silence{From: noon.Add(-2 * time.Hour), Until: noon.Add(-time.Hour)}, "until: is past"},
		"reversed": {Silence{From: noon.Add(time.Hour), Until: noon}, "until: must be after"},
		"long":     {Silence{Until: noon.Add(MaxSilence + 1)}, "until: must be within 90 days"},
		"comment":  {Silence{Comment: strings.Repeat("x", 2000), Until: noon.Add(time.Hour)}, "comment:"},
		"camera":   {Silence{Camera: strings.Repeat("x", 2000), Until: noon.Add(time.Hour)}, "camera:"},
	} {
		_, err := NewLedger().Silence(noon, c.s)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	l := NewLedger()
	for range maxSilences {
		if _, err := l.Silence(noon, Silence{Until: noon.Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Silence(noon, Silence{Until: noon.Add(time.Hour)}); err == nil {
		t.Error("silences without end")
	}
	l.Tick(noon.Add(26 * time.Hour))
	if n := len(l.Silences()); n != 0 {
		t.Errorf("%d old silences are kept", n)
	}
}

func FuzzSilencePattern(f *testing.F) {
	for _, p := range []string{"", "gate", "g*", "?ate", "[a-z]*", `\*`, "a/b*", "*"} {
		f.Add(p, "gate")
		f.Add(p, "a/bc")
	}
	f.Fuzz(func(t *testing.T, pattern, name string) {
		if len(pattern) > 40 || strings.Contains(pattern+name, "\x00") {
			return
		}
		want := pattern == ""
		if !want {
			q := regexp.QuoteMeta(pattern)
			q = strings.ReplaceAll(strings.ReplaceAll(q, `\*`, `.*`), `\?`, `.`)
			re, err := regexp.Compile(`(?s)\A` + q + `\z`)
			if err != nil {
				return // not UTF-8
			}
			want = re.MatchString(name)
		}
		if got := matches(pattern, name); got != want {
			t.Errorf("%q matches %q: %v, want %v", pattern, name, got, want)
		}
	})
}
