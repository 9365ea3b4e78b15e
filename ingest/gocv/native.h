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

// Leaves out what comes before the next keyframe of the stream whose decoder was
// opened last, and what the decoder holds, but does not wait longer for one than
// that; whether it can. Not while it reads.
int flipmeter_skip(void *opened, int patience_ms);

// Whether a packet of H.264 has a picture that none after it looks past. What else
// FFmpeg calls a keyframe may be one that is refreshed bit by bit from there on.
// NAL units begin with a code, or each has its length before it.
int flipmeter_refreshes_all(const unsigned char *data, int size);

// How many keyframes were read of that stream.
long flipmeter_keys(void);

// How often something was left out so, and how often no keyframe came in time.
int flipmeter_jumps(void);
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
