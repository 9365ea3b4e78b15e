package synth

import "math/rand/v2"

// painter paints the pictures of a script. It keeps the scene that it
// painted last, because scenes last.
type painter struct {
	script *Script
	scene  []byte // RGB, without square, number and noise
	shown  int64  // number of the scene
	w, h   int    // its size
	normal []int16
	random *rand.PCG
}

func newPainter(s *Script) *painter {
	return &painter{script: s, shown: -1, random: rand.NewPCG(0, 0), normal: normalTable(s.Noise)}
}

// paint returns the RGB picture of content n of a scene in pix, which is
// grown where it is too small.
func (p *painter) paint(pix []byte, t timing) (_ []byte, width, height int) {
	s := p.script
	w, h := s.Width, s.Height
	if t.half {
		w, h = w/2, h/2
	}
	if p.shown != t.scene || p.w != w || p.h != h {
		p.scene = paintScene(p.scene, w, h, s.Seed, t.scene)
		p.shown, p.w, p.h = t.scene, w, h
	}
	pix = append(pix[:0], p.scene...)
	switch s.Pattern {
	case Square:
		side := s.Side * w / s.Width
		x := bounce(float64(t.content)*s.Speed*float64(w)/float64(s.Width), w-side)
		y := bounce(float64(t.content)*s.Speed/2*float64(h)/float64(s.Height), h-side)
		lighten(pix, w, h, x, y, side, s.Contrast)
	case Number:
		drawNumber(pix, w, h, uint32(t.content))
	}
	if s.Noise > 0 {
		p.addNoise(pix, t.content)
	}
	return pix, w, h
}

// bounce is the place of something that moved by d from 0 and turns round at
// 0 and room.
func bounce(d float64, room int) int {
	if room <= 0 {
		return 0
	}
	x := int(d) % (2 * room)
	if x > room {
		x = 2*room - x
	}
	return x
}

// paintScene paints smooth patches of colour, other ones for every scene.
func paintScene(pix []byte, w, h int, seed uint64, scene int64) []byte {
	const cells = 6 // patches either way
	rng := rand.New(rand.NewPCG(seed, uint64(scene)+1))
	var corner [cells + 1][cells + 1][3]int
	for y := range corner {
		for x := range corner[y] {
			for c := range 3 {
				corner[y][x][c] = 40 + rng.IntN(140)
			}
		}
	}
	pix = pix[:0]
	for y := range h {
		cy, fy := y*cells/h, y*cells%h
		for x := range w {
			cx, fx := x*cells/w, x*cells%w
			for c := range 3 {
				top := corner[cy][cx][c]*(w-fx) + corner[cy][cx+1][c]*fx
				bottom := corner[cy+1][cx][c]*(w-fx) + corner[cy+1][cx+1][c]*fx
				pix = append(pix, byte((top*(h-fy)+bottom*fy)/(w*h)))
			}
		}
	}
	return pix
}

func lighten(pix []byte, w, h, x0, y0, side, by int) {
	for y := y0; y < min(y0+side, h); y++ {
		row := pix[3*(y*w+x0) : 3*(y*w+min(x0+side, w))]
		for i, v := range row {
			row[i] = byte(min(max(int(v)+by, 0), 255))
		}
	}
}

// addNoise adds Gaussian noise that depends on the seed and the content's
// number only.
func (p *painter) addNoise(pix []byte, content int64) {
	p.random.Seed(p.script.Seed^0x6e6f697365, uint64(content))
	var bits uint64
	for i, v := range pix {
		if i%5 == 0 {
			bits = p.random.Uint64()
		}
		pix[i] = byte(min(max(int(v)+int(p.normal[bits&4095]), 0), 255))
		bits >>= 12
	}
}
