package stability

// IntervalOfBlocks is the 95 % interval of Σ num / Σ den where only sums over
// longer stretches, such as windows, are there: the blocks are drawn as the
// pairs' own are, and taken for independent of each other. num[i] ≤ den[i].
// With fewer than 200 pairs, or none or all of them counted, it is Wilson's;
// low and high are NaN with fewer than fewestGiven blocks.
func IntervalOfBlocks(num, den []int64, resamples int, seed uint64) Interval {
	var total fraction
	var blocks []fraction
	for i := range den {
		if den[i] > 0 {
			f := fraction{num[i], den[i]}
			total.add(f)
			blocks = append(blocks, f)
		}
	}
	p := ratio(total.num, total.den)
	switch {
	case needsWilson(total):
		return Wilson(p, float64(total.den))
	case len(blocks) < fewestGiven:
		return Interval{p, nan(), nan()}
	}
	d := drawerOfBatches(blocks)
	return bootstrap(&d, total, resamples, seed, 1)
}

// fewestGiven is the number of blocks below which their scatter says too
// little about a fraction.
const fewestGiven = 5
