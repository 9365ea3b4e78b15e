//go:build cgo && gocv_specific_modules && gocv_videoio

// Command soak lets flipmeter watch run for long under load, and says whether
// it held: memory and goroutines flat, frames dropped evenly or not at all,
// events soon after their frames. It exits with 1 where something did not
// hold. docs/sizing.md has a record and says how to read it.
//
// Three loads, each in a process of its own:
//
//	small      RTSP cameras with small streams and a real network, sampled at 5
//	           frames a second: nothing may be dropped (-sent 10 has the cameras
//	           send less, as substreams that are set for it do)
//	hd         the same from 1080p25: as many frames as the cores allow, and
//	           the same of each camera
//	synthetic  many made-up cameras at 10 frames a second and a scripted
//	           classifier: tracker, NATS, metrics, alerts, history. No two have
//	           their frames at the same moment, as no two cameras have
//
// Of memory it prints what the kernel counts (RSS), what the heap holds, and
// what of that was in use at the last collection. What grows is what grows in
// use: -profile writes what that is, once the load has settled and at the end.
package main
