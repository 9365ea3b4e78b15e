// Package synth makes up footage by a script, for tests, demonstrations and
// trials without a camera. It needs no cgo, takes constant memory whatever
// the length, and every frame depends on the script and the frame's number
// only.
//
//	synth:square?frames=2000&fps=25&size=320x240&seed=1
//
// # Patterns
//
//	still    a textured scene in which nothing moves
//	square   the same with a square moving through it
//	number   the same with the frame's number in it as a block code, which
//	         [ReadNumber] reads back
//
// # Options
//
//	frames=N     length, default 250
//	fps=R        frames a second, default 25
//	size=WxH     pixels, default 320x240
//	seed=N       another scene and other noise, default 1
//	noise=S      Gaussian sensor noise of S grey levels, default 0
//	speed=R      pixels that the square moves a frame, default 4
//	side=N       side of the square, pixels, default a sixth of the height
//	contrast=N   how much the square is lighter than the scene, default 60
//	cut=N        another scene every N frames
//	repeat=N     every N-th frame is a copy of the one before
//	gap=N        a frame is lost before every N-th frame
//	resize=N     every other stretch of N frames has half the size
//	fail=N       reading fails after N frames
//	truncated=1  the end comes as that of a file that was cut off
//
// A copy made by repeat is bit-identical even with noise. A still scene
// without noise repeats itself all the time.
package synth
