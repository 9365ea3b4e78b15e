package infer

import (
	"fmt"
	"strings"

	"github.com/flipmeter/flipmeter/frame"
)

// Text is one line such as "short side 256, centre 224×224, …".
func (p *Preprocessing) Text() string {
	var b strings.Builder
	switch {
	case p.Fit == frame.FitCrop && p.ShortSide > 0:
		fmt.Fprintf(&b, "short side %d, centre %d×%d", p.ShortSide, p.Width, p.Height)
	default:
		fmt.Fprintf(&b, "%s to %d×%d", p.Fit, p.Width, p.Height)
	}
	fmt.Fprintf(&b, ", filter %s", p.Filter)
	if p.EvaluatedFilter != "" {
		fmt.Fprintf(&b, " (authors: %s)", p.EvaluatedFilter)
	}
	fmt.Fprintf(&b, ", %s, (x − %v) / %v", p.Order, p.Mean, p.Scale)
	if p.InGraph {
		b.WriteString(", arithmetic in the file")
	}
	return b.String()
}
