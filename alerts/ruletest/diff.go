package ruletest

import (
	"fmt"
	"slices"
)

// largestDiff is how many pairs of lines are compared with each other.
const largestDiff = 1 << 20

// diff tells two lists apart: lines only in want with -, only in got with +,
// common ones around them with a blank. It is empty if they are equal.
func diff(what string, want, got []string) []string {
	if len(want)*len(got) > largestDiff {
		return diffCoarsely(what, want, got)
	}
	// common[i][j] is the length of the longest common subsequence of
	// want[i:] and got[j:].
	common := make([][]int, len(want)+1)
	for i := range common {
		common[i] = make([]int, len(got)+1)
	}
	for i := len(want) - 1; i >= 0; i-- {
		for j := len(got) - 1; j >= 0; j-- {
			if want[i] == got[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	if common[0][0] == len(want) && len(want) == len(got) {
		return nil
	}
	out := []string{what + ": (- expected, + found)"}
	i, j := 0, 0
	for i < len(want) || j < len(got) {
		switch {
		case i < len(want) && j < len(got) && want[i] == got[j]:
			out = append(out, "    "+want[i])
			i++
			j++
		case j == len(got) || i < len(want) && common[i+1][j] >= common[i][j+1]:
			out = append(out, "  - "+want[i])
			i++
		default:
			out = append(out, "  + "+got[j])
			j++
		}
	}
	return out
}

// diffCoarsely is diff for long lists: it tells only where they part.
func diffCoarsely(what string, want, got []string) []string {
	if slices.Equal(want, got) {
		return nil
	}
	i := 0
	for i < min(len(want), len(got)) && want[i] == got[i] {
		i++
	}
	out := []string{fmt.Sprintf("%s: %d are expected, %d were found; they part at number %d (- expected, + found)", what, len(want), len(got), i+1)}
	if i < len(want) {
		out = append(out, "  - "+want[i])
	}
	if i < len(got) {
		out = append(out, "  + "+got[i])
	}
	return out
}
