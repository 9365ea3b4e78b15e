#ifndef FLIPMETER_NATIVE_H
#define FLIPMETER_NATIVE_H

#ifdef __cplusplus
extern "C" {
#endif

// Switches off the messages of OpenCV and FFmpeg, unless the environment
// asks for them.
void flipmeter_silence(void);

// Sets OPENCV_FFMPEG_CAPTURE_OPTIONS, which OpenCV reads at every open.
void flipmeter_capture_options(const char *options);

// The text of cv::getBuildInformation; the caller frees it.
char *flipmeter_build_information(void);

// The release of the FFmpeg that is loaded, or NULL.
const char *flipmeter_ffmpeg_release(void);

// What a function like avcodec_version returns, or 0.
unsigned flipmeter_ffmpeg_version(const char *function);

// Whether the FFmpeg that is loaded has a decoder: 1 or 0, or -1 if none is
// loaded.
int flipmeter_has_decoder(const char *name);

// Begins to heed what FFmpeg's log says of damage and of the sizes of pictures,
// for the whole process; to be called after a stream was opened.
void flipmeter_listen(void);

// How many errors FFmpeg told of since then, and packets that never came.
unsigned flipmeter_damages(void);

// What the last of them said; the caller frees it.
char *flipmeter_last_damage(void);

// Lets decoders that are opened from now on give each frame as soon as its data
// are there, and leave out everything but keyframes if told so; and no longer,
// returning how many heeded it, and the last of them, which lives as long as
// what OpenCV opened.
void flipmeter_stream_begin(int keyframes);
int flipmeter_stream_end(void **opened);

// Makes the decoder that was opened last leave out everything but keyframes from
// the next packet on, until it is called with 0, or until it has given none for
// that long; whether it heeded that. Not while it decodes.
int flipmeter_keyframes_only(void *opened, int patience_ms);

// How often no keyframe came for that long.
int flipmeter_lost_patience(void);

// How many packets FFmpeg had to wait for so far, of all that this process reads;
// all of them where that can't be told.
long flipmeter_waits(void);

// Whether the pictures that are decoded now have another size than this one:
// OpenCV converts them as if they had the size of the first, and does not say
// when that fails.
int flipmeter_other_size(int width, int height);

#ifdef __cplusplus
}
#endif

#endif
