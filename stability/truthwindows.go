package stability

// nearCounter counts the frames around which all frames up to k before and
// behind are right, of those that exist: pm_k of Shankar et al., "Do image
// classifiers generalize across time?", ICCV 2021. Every frame is an anchor.
type nearCounter struct {
	k int64

	n       int64 // frames since the sequence's beginning
	decided int64 // anchors of it
	wrong   int64 // number of its newest wrong frame, from 1; 0: none
}

func (c *nearCounter) add(right bool, sum *TruthSums) {
	c.n++
	if !right {
		c.wrong = c.n
	}
	if c.n > c.k {
		c.decide(sum)
	}
}

// decide decides the oldest anchor that is not decided.
func (c *nearCounter) decide(sum *TruthSums) {
	c.decided++
	sum.anchors++
	if c.wrong == 0 || c.wrong < c.decided-c.k {
		sum.anchorsRight++
	}
}

// end closes the sequence: no frame follows the newest.
func (c *nearCounter) end(sum *TruthSums) {
	c.finish(sum)
	c.n, c.decided, c.wrong = 0, 0, 0
}

// finish counts the anchors that wait as if the sequence ended now.
func (c *nearCounter) finish(sum *TruthSums) {
	last := *c
	for last.decided < last.n {
		last.decide(sum)
	}
}

// windowCounter counts the windows of n frames in which the truth is
// constant, and those of them in which the label is, too: video consistency
// vc_n of Miao et al., "VSPW: A large-scale dataset for video scene parsing in
// the wild", CVPR 2021, of a picture of one pixel. As in their code, windows
// begin at the frames 0…L−n−1 of a sequence of L: the last one is not looked
// at, and sequences of at most n frames have none.
type windowCounter struct {
	n int64

	truth, label       int32
	truthRun, labelRun int64 // how long each has been constant; 0: no frame
	frames             int64
}

func (c *windowCounter) add(label, truth int32, sum *TruthSums) {
	// This frame tells that the window which ends before it is not the last.
	if c.frames >= c.n && c.truthRun >= c.n {
		sum.windows++
		if c.labelRun >= c.n {
			sum.windowsConstant++
		}
	}
	if c.frames == 0 || truth != c.truth {
		c.truth, c.truthRun = truth, 0
	}
	if c.frames == 0 || label != c.label {
		c.label, c.labelRun = label, 0
	}
	c.truthRun++
	c.labelRun++
	c.frames++
}

func (c *windowCounter) end() { c.frames, c.truthRun, c.labelRun = 0, 0, 0 }
