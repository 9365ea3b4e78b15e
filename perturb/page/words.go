package page

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/flipmeter/flipmeter/perturb"
	"github.com/flipmeter/flipmeter/perturb/figure"
)

// share writes a number of 0…1 with three decimals, as the paper does.
func share(e *perturb.Estimate) string { return estimate(e, 3) }

// estimate writes a number with its interval: "0.21 (0.17 to 0.26)".
func estimate(e *perturb.Estimate, decimals int) string {
	if e == nil {
		return "–"
	}
	text := strconv.FormatFloat(e.Value, 'f', decimals, 64)
	if e.Low != nil {
		text += fmt.Sprintf(" (%.*f\u00a0to\u00a0%.*f)", decimals, *e.Low, decimals, *e.High) // an interval stays on one line
	}
	return text
}

// percent writes a share as a whole percentage, or with a decimal where that
// matters.
func percent(v float64) string {
	if p := v * 100; p < 10 && p != math.Trunc(p) {
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(v*100, 'f', 0, 64) + " %"
}

// signed writes a whole number with a true minus sign.
func signed(n int) string {
	if n < 0 {
		return "−" + strconv.Itoa(-n)
	}
	return strconv.Itoa(n)
}

// sentences joins what is to be said of each model; none is the sentence for
// none.
func sentences(none string, all ...string) string {
	all = slices.DeleteFunc(all, func(s string) bool { return s == "" })
	if len(all) == 0 {
		return none
	}
	return strings.Join(all, " ")
}

const nothing = "No picture could be measured."

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// ends are an estimate's interval, or twice the number itself.
func ends(e *perturb.Estimate) (low, high float64) {
	if e.Low == nil {
		return e.Value, e.Value
	}
	return *e.Low, *e.High
}

// bar is an estimate as a row of a bar chart.
func bar(name string, e *perturb.Estimate, i int) figure.Bar {
	b := figure.Bar{Name: name, Value: "–", Low: math.NaN(), High: math.NaN(), Colour: figure.Series(i)}
	if e != nil {
		b.Size, b.Value = e.Value, strconv.FormatFloat(e.Value, 'f', 3, 64)
		if e.Low != nil {
			b.Low, b.High = *e.Low, *e.High
		}
	}
	return b
}

// greyBar is a figure from elsewhere.
func greyBar(name string, v float64) figure.Bar {
	return figure.Bar{Name: name, Size: v, Value: strconv.FormatFloat(v, 'f', -1, 64), Low: math.NaN(), High: math.NaN(), Colour: figure.Grey}
}

// leftOut says which pictures are missing, the first few by name.
func leftOut(all []perturb.LeftOut, incomplete bool) []string {
	var notes []string
	if incomplete {
		notes = append(notes, "The experiment was interrupted: these are the pictures that were done until then.")
	}
	const shown = 5
	for i, l := range all {
		if i == shown {
			notes = append(notes, fmt.Sprintf("… and %d more that were left out; all are in probe.json.", len(all)-shown))
			break
		}
		notes = append(notes, fmt.Sprintf("Left out: %s: %s.", l.Name, l.Why))
	}
	return notes
}
