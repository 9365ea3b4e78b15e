package metrics

import (
	"encoding/json"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// exposed are the names that queries may use, with the labels of each.
func exposed(t *testing.T) map[string][]string {
	t.Helper()
	reg, _, _ := filled(t)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{"up": {"job"}}
	for _, f := range families {
		var names []string
		for _, l := range f.Metric[0].Label {
			names = append(names, l.GetName())
		}
		out[f.GetName()] = names
		if f.Metric[0].Histogram != nil {
			out[f.GetName()+"_bucket"] = append(slices.Clone(names), "le")
			out[f.GetName()+"_sum"], out[f.GetName()+"_count"] = names, names
		}
	}
	return out
}

// checkQuery says what a query asks for that is not there.
func checkQuery(t *testing.T, where, query string, known map[string][]string) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Errorf("%s: %v in %s", where, err, query)
		return
	}
	selectors := 0
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		switch n := n.(type) {
		case *parser.VectorSelector:
			selectors++
			names, ok := known[n.Name]
			if !ok {
				t.Errorf("%s asks for %s, which does not exist", where, n.Name)
			}
			for _, m := range n.LabelMatchers {
				if ok && m.Name != model.MetricNameLabel && !slices.Contains(names, m.Name) {
					t.Errorf("%s: %s has no label %s", where, n.Name, m.Name)
				}
			}
		case *parser.AggregateExpr:
			for _, l := range n.Grouping {
				if !slices.ContainsFunc(namesIn(n.Expr, known), func(name string) bool { return name == l }) {
					t.Errorf("%s groups by %s, which nothing in %s has", where, l, n.Expr)
				}
			}
		}
		return nil
	})
	if selectors == 0 {
		t.Errorf("%s asks for nothing: %s", where, query)
	}
}

// namesIn are the labels of what an expression selects.
func namesIn(e parser.Expr, known map[string][]string) (names []string) {
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		if v, ok := n.(*parser.VectorSelector); ok {
			names = append(names, known[v.Name]...)
		}
		return nil
	})
	return names
}

// Prometheus' own parser reads the rules, and they ask for what is exposed.
func TestRulesFitTheMetrics(t *testing.T) {
	text, err := os.ReadFile("../../deploy/prometheus/flipmeter.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	groups, errs := rulefmt.Parse(text, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	for _, err := range errs {
		t.Error(err)
	}
	if groups == nil {
		return
	}
	known := exposed(t)
	alerts := 0
	for _, g := range groups.Groups {
		for _, r := range g.Rules {
			checkQuery(t, r.Record+r.Alert, r.Expr, known)
			if r.Record != "" {
				known[r.Record] = []string{"camera"}
				continue
			}
			alerts++
			if r.Annotations["summary"] == "" || r.Labels["severity"] == "" {
				t.Errorf("%s has no summary or no severity", r.Alert)
			}
		}
	}
	if alerts < 5 {
		t.Errorf("%d alerts", alerts)
	}
}

// dashboardQueries hands on every query of the dashboard, its variables filled
// in, with its panel's title, and counts them.
func dashboardQueries(t *testing.T, each func(title, query string)) (n int) {
	t.Helper()
	text, err := os.ReadFile("../../deploy/grafana/flipmeter.json")
	if err != nil {
		t.Fatal(err)
	}
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			n++
			each(p.Title, strings.NewReplacer("$__rate_interval", "1m", "$camera", ".*").Replace(target.Expr))
		}
	}
	return n
}

func TestDashboardFitsTheMetrics(t *testing.T) {
	known := exposed(t)
	queries := dashboardQueries(t, func(title, query string) { checkQuery(t, title, query, known) })
	if queries < 10 {
		t.Errorf("%d queries", queries)
	}
}
