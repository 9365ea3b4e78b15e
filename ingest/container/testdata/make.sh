#!/bin/sh
# Makes the clips of this folder with FFmpeg (5.1 made those that are
# committed): a frame or two each, as small as the encoders allow.
set -eu
cd "$(dirname "$0")"
ff() { ffmpeg -hide_banner -loglevel error -nostdin -y -fflags +bitexact -f lavfi -i "color=teal:size=64x64:rate=25" "$@"; }
tag="-colorspace bt709 -color_primaries bt709 -color_trc bt709 -color_range"
x264="-c:v libx264 -bsf:v filter_units=remove_types=6 -pix_fmt yuv420p"
x265="-c:v libx265 -x265-params log-level=error:info=0 -pix_fmt yuv420p"
av1="-c:v libsvtav1 -preset 12"
interlaced="-flags +ildct+ilme"
ff -frames:v 1 $x264 $tag tv h264.mp4
ff -frames:v 1 $x264 $tag pc -movflags +faststart h264-full-faststart.mp4
ff -frames:v 2 $x264 $interlaced -x264opts tff=1 h264-interlaced.ts
ff -frames:v 1 $x264 $tag tv h264.mkv
ff -frames:v 1 -c:v libx264 -pix_fmt yuv444p -x264opts cqm=jvt $tag tv h264-444.mkv
ff -frames:v 1 $x264 h264.264
ff -frames:v 1 $x264 h264.avi
ff -frames:v 1 $x265 $tag tv -tag:v hvc1 h265.mp4
ff -frames:v 2 $x265 $tag pc h265.ts
ff -frames:v 1 -c:v libvpx-vp9 $tag pc vp9.webm
ff -frames:v 1 -c:v libvpx-vp9 -pix_fmt yuv420p $tag tv vp9.mp4
ff -frames:v 1 $av1 $tag tv av1.mp4 2>/dev/null
ff -frames:v 1 -c:v mpeg2video $interlaced mpeg2.ts
ff -frames:v 1 -c:v mpeg2video $tag tv mpeg2.mpg
ff -frames:v 1 -c:v prores_ks -profile:v 0 $interlaced -top 1 $tag tv prores.mov
ff -frames:v 1 still.gif
ff -frames:v 1 -c:v mjpeg mjpeg.avi
ffmpeg -hide_banner -loglevel error -nostdin -y -fflags +bitexact -f lavfi -i sine -t 0.05 -c:a aac sound.mp4
ffmpeg -hide_banner -loglevel error -nostdin -y -fflags +bitexact -f lavfi -i sine -t 0.05 -c:a libopus sound.mkv
ls -l
